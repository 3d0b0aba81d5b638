// What pages do beyond htmx: copies a secret, draws charts. Without it all of them work.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) {
    return;
  }
  const source = document.querySelector(button.dataset.copy);
  const done = () => { button.textContent = 'Copied'; };
  const select = () => getSelection().selectAllChildren(source);
  if (navigator.clipboard) {
    navigator.clipboard.writeText(source.textContent).then(done, select);
  }
  else {
    select();
  }
});

const draw = (element) => {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const numbers = (text) => text.split(',').map((one) => one === '' ? null : Number(one));
  const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 } };
  const chart = new uPlot({
    width: element.clientWidth, height: 220, title: element.dataset.label, cursor: { show: false }, legend: { show: false },
    padding: [null, 30, null, null], tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
    axes: [{ ...axis, size: 32, incrs: [1, 2, 7, 14, 28].map((days) => days * 86400), values: (self, ticks) => ticks.map((tick) => day.format(tick * 1000)) }, { ...axis, size: 60, values: (self, ticks) => ticks.map((tick) => tick + ' ' + element.dataset.unit) }],
    scales: { y: { range: (self, low, high) => [Math.min(0, low), Math.max(high, 0.001) * 1.05] } },
    series: [{}, { stroke: color('--accent'), width: 2, fill: color('--accent') + '22', points: { show: true, size: 6 } }],
  }, [numbers(element.dataset.times), numbers(element.dataset.values)], element);
  addEventListener('resize', () => chart.setSize({ width: element.clientWidth, height: 220 }));
};
if (typeof uPlot !== 'undefined') {
  document.querySelectorAll('.chart').forEach(draw);
}

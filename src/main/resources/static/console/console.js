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

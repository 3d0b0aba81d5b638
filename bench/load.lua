-- For wrk: sends the requests of a file, each with a zero byte behind it, every thread from a place of its own, and tells in
-- one line of JSON how they were answered. Nothing is done with them before their turn: wrk makes one thread ready while
-- another already measures.
local count = 0

function setup(thread)
  thread:set("number", count)
  count = count + 1
end

function init(args)
  local file = io.open(args[1], "rb")
  requests = file:read("*a")
  file:close()
  place = 1
  if number > 0 then
    place = requests:find("\0", math.floor(#requests / 2), true) + 1
  end
end

function request()
  if place > #requests then
    place = 1
  end
  local first = place
  local stop = requests:find("\0", first, true)
  place = stop + 1
  return requests:sub(first, stop - 1)
end

function done(summary, latency)
  io.write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end

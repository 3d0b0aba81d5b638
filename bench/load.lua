-- For wrk: sends the requests of a file, "METHOD PATH [BODY]" each line, every thread from a place of its own, and
-- tells in one line of JSON how they were answered.
local count = 0

function setup(thread)
  thread:set("number", count)
  count = count + 1
end

function init(args)
  requests = {}
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%u+) (%S+) ?(.*)$")
    local head = method .. " " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body ~= "" then
      head = head .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n"
    end
    requests[#requests + 1] = head .. "\r\n" .. body
  end
  size = #requests
  place = math.floor(size * number / 2)
end

function request()
  place = place % size + 1
  return requests[place]
end

function done(summary, latency)
  io.write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end

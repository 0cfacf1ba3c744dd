-- count.lua: for wrk: exact sums instead of rounded ones.
done = function(summary)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"bytes":%d,"us":%d,"errors":%d}\n', summary.requests, summary.bytes,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end

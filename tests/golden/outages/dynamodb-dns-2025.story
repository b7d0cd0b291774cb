00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:05 * controller-1 stops before sending

00:10 * all see prod failing: connection timed out
00:10 controller-1 PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 steady on the preferred region → flipping
00:10 controller-1 permitted: the kernel agreed again; the write is sent now
00:10 controller-2 PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-2 steady on the preferred region → flipping
00:10 controller-2 permitted: the kernel agreed again; the write is sent now
00:10 controller-2 applied: failover is in the zone: active in `dr`, epoch 2, rev 2
00:10 controller-2 flipping → verifying
00:10 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-2
00:11 controller-2 verified: 1 of 1 authoritative servers serve it
00:11 controller-2 verifying → cooling down

02:00 * controller-1 goes on
02:00 controller-1 PAGE denied: failover failed: memory of zone example.com. refused: the permit ended 100 s ago by its clock
02:00 controller-1 flipping → suspected
02:01 controller-1 followed: followed the fence of `controller-2`: epoch 2, rev 2, active in `dr`
02:01 controller-1 suspected → cooling down

03:00 * note: a clean-up of old plans deletes the live records

03:00 * hand main deletes records
03:00 controller-1 PAGE foreignChange: someone else changed the zone, every write is held: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 198.51.100.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-dr.example.net.`
03:00 controller-2 PAGE foreignChange: someone else changed the zone, every write is held: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 198.51.100.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-dr.example.net.`
03:00 main         ZONE serves NOTHING; fence: epoch 2, rev 2, active dr, by controller-2

05:00 * the end
05:00 main         ZONE serves NOTHING; fence: epoch 2, rev 2, active dr, by controller-2
      controller-1 main: cooling down; the fence is foreign: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 198.51.100.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-dr.example.net.`
      controller-2 main: cooling down; the fence is foreign: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 198.51.100.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-dr.example.net.`

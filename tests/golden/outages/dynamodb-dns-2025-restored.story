00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:10 * all see prod failing: connection timed out
00:10 controller-1 PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 steady on the preferred region → flipping
00:10 controller-1 permitted: the kernel agreed again; the write is sent now
00:10 controller-1 applied: failover is in the zone: active in `dr`, epoch 2, rev 2
00:10 controller-1 flipping → verifying
00:10 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
00:11 controller-1 verified: 1 of 1 authoritative servers serve it
00:11 controller-1 verifying → cooling down

00:30 * hand main backs up

01:00 * hand main deletes records
01:00 controller-1 PAGE foreignChange: someone else changed the zone, every write is held: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 198.51.100.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-dr.example.net.`
01:00 main         ZONE serves NOTHING; fence: epoch 2, rev 2, active dr, by controller-1

01:30 * order controller-1 failover dr: put it back
01:30 controller-1 order refused: the service is in region `dr` already

01:40 * order controller-1 failover prod: then anywhere
01:40 controller-1 order refused: targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out); noForeignChange: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 198.51.100.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-dr.example.net.`; cooledDown: the cooldown lasts another 510 s

01:50 * order controller-1 adopt: take it as it is
01:50 controller-1 order refused: the records served are no region's: for region `prod`: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 192.0.2.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-prod.example.net.`; for region `dr`: the zone has `no api.example.com. A`, expected `api.example.com. 60 A 198.51.100.10`; the zone has `no www.example.com. CNAME`, expected `www.example.com. 60 CNAME lb-dr.example.net.`

03:00 * note: the operator restores the zone from its backup

03:00 * hand main restores
03:00 controller-1 foreignChangeEnded: the zone is as the fence says again
03:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1

04:00 * the end
04:00 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: cooling down; the fence is held

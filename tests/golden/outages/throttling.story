00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:05 * provider main throttles writes: HTTP 400 Throttling: Rate exceeded

00:10 * all see prod failing: connection timed out
00:10 controller-1 PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 steady on the preferred region → flipping
00:10 controller-1 permitted: the kernel agreed again; the write is sent now
00:10 controller-1 PAGE unreachable: failover failed: HTTP 400 Throttling: Rate exceeded
00:10 controller-1 flipping → suspected
00:11 controller-1 decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:11 controller-1 suspected → flipping
00:11 controller-1 permitted: the kernel agreed again; the write is sent now
00:11 controller-1 unreachable: failover failed: HTTP 400 Throttling: Rate exceeded
00:11 controller-1 flipping → suspected
00:13 controller-1 decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:13 controller-1 suspected → flipping
00:13 controller-1 permitted: the kernel agreed again; the write is sent now
00:13 controller-1 unreachable: failover failed: HTTP 400 Throttling: Rate exceeded
00:13 controller-1 flipping → suspected
00:17 controller-1 decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:17 controller-1 suspected → flipping
00:17 controller-1 permitted: the kernel agreed again; the write is sent now
00:17 controller-1 unreachable: failover failed: HTTP 400 Throttling: Rate exceeded
00:17 controller-1 flipping → suspected
00:25 controller-1 decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:25 controller-1 suspected → flipping
00:25 controller-1 permitted: the kernel agreed again; the write is sent now
00:25 controller-1 unreachable: failover failed: HTTP 400 Throttling: Rate exceeded
00:25 controller-1 flipping → suspected
00:41 controller-1 decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:41 controller-1 suspected → flipping
00:41 controller-1 permitted: the kernel agreed again; the write is sent now
00:41 controller-1 unreachable: failover failed: HTTP 400 Throttling: Rate exceeded
00:41 controller-1 flipping → suspected
01:11 controller-1 decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
01:11 controller-1 suspected → flipping
01:11 controller-1 permitted: the kernel agreed again; the write is sent now
01:11 controller-1 unreachable: failover failed: HTTP 400 Throttling: Rate exceeded
01:11 controller-1 flipping → suspected

01:30 * provider main works
01:41 controller-1 decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
01:41 controller-1 suspected → flipping
01:41 controller-1 permitted: the kernel agreed again; the write is sent now
01:41 controller-1 applied: failover is in the zone: active in `dr`, epoch 2, rev 2
01:41 controller-1 flipping → verifying
01:41 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
01:42 controller-1 verified: 1 of 1 authoritative servers serve it
01:42 controller-1 verifying → cooling down

02:30 * the end
02:30 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: cooling down; the fence is held

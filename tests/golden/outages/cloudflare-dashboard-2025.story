00:00 main         ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1
00:00 second       ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:05 * provider main denies writes: HTTP 403, authentication is unavailable

00:20 * all see prod failing: HTTP 500
00:20 controller-1 PAGE decided: main: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
00:20 controller-1 main: steady on the preferred region → flipping
00:20 controller-1 second: steady on the preferred region → suspected
00:20 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:20 controller-1 PAGE denied: main: failover failed: HTTP 403, authentication is unavailable
00:20 controller-1 main: flipping → suspected
00:20 controller-1 PAGE decided: second: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
00:20 controller-1 second: suspected → flipping
00:20 controller-1 permitted: second: the kernel agreed again; the write is sent now
00:20 controller-1 applied: second: failover is in the zone: active in `dr`, epoch 2, rev 2
00:20 controller-1 second: flipping → verifying
00:20 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
00:21 controller-1 verified: second: 1 of 1 authoritative servers serve it
00:21 controller-1 second: verifying → cooling down
00:21 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
00:21 controller-1 main: suspected → flipping
00:21 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:21 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
00:21 controller-1 main: flipping → suspected
00:23 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
00:23 controller-1 main: suspected → flipping
00:23 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:23 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
00:23 controller-1 main: flipping → suspected
00:27 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
00:27 controller-1 main: suspected → flipping
00:27 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:27 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
00:27 controller-1 main: flipping → suspected
00:35 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
00:35 controller-1 main: suspected → flipping
00:35 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:35 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
00:35 controller-1 main: flipping → suspected
00:51 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
00:51 controller-1 main: suspected → flipping
00:51 controller-1 permitted: main: the kernel agreed again; the write is sent now
00:51 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
00:51 controller-1 main: flipping → suspected
01:21 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
01:21 controller-1 main: suspected → flipping
01:21 controller-1 permitted: main: the kernel agreed again; the write is sent now
01:21 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
01:21 controller-1 main: flipping → suspected
01:51 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
01:51 controller-1 main: suspected → flipping
01:51 controller-1 permitted: main: the kernel agreed again; the write is sent now
01:51 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
01:51 controller-1 main: flipping → suspected
02:21 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
02:21 controller-1 main: suspected → flipping
02:21 controller-1 permitted: main: the kernel agreed again; the write is sent now
02:21 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
02:21 controller-1 main: flipping → suspected
02:51 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
02:51 controller-1 main: suspected → flipping
02:51 controller-1 permitted: main: the kernel agreed again; the write is sent now
02:51 controller-1 denied: main: failover failed: HTTP 403, authentication is unavailable
02:51 controller-1 main: flipping → suspected

03:00 * provider main works
03:21 controller-1 decided: main: failover from `prod` to `dr`, as another place has moved: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: HTTP 500, lon1: HTTP 500, nyc1: HTTP 500)
03:21 controller-1 main: suspected → flipping
03:21 controller-1 permitted: main: the kernel agreed again; the write is sent now
03:21 controller-1 applied: main: failover is in the zone: active in `dr`, epoch 2, rev 2
03:21 controller-1 main: flipping → verifying
03:21 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
03:22 controller-1 verified: main: 1 of 1 authoritative servers serve it
03:22 controller-1 main: verifying → cooling down

04:30 * the end
04:30 main         ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
04:30 second       ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 main: cooling down; the fence is held
      controller-1 second: cooling down; the fence is held

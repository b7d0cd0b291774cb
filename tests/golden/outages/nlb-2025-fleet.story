00:00 main         shop-01 to shop-24: ZONE serves `prod`; fence: epoch 1, rev 1, active prod, by controller-1

00:10 * all see prod failing of shop-01 to shop-12: connection timed out
00:10 controller-1 shop-01 to shop-10: PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:10 controller-1 shop-01 to shop-10: steady on the preferred region → flipping
00:10 controller-1 shop-01 to shop-10: permitted: the kernel agreed again; the write is sent now
00:10 controller-1 shop-01 to shop-10: applied: failover is in the zone: active in `dr`, epoch 2, rev 2
00:10 controller-1 shop-01 to shop-10: flipping → verifying
00:10 main         shop-01 to shop-10: ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
00:11 controller-1 shop-01 to shop-10: verified: 1 of 1 authoritative servers serve it
00:11 controller-1 shop-01 to shop-10: verifying → cooling down
00:40 controller-1 shop-11: PAGE held: failover to `dr` held: blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail
                     no, blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
00:40 controller-1 shop-11 to shop-12: steady on the preferred region → suspected
00:40 controller-1 shop-12: held: failover to `dr` held: blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail
                     no, blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail

01:00 * explain controller-1 of shop-12
01:00 controller-1 shop-12: explains:
                     `shop-12` is in `prod`, its preferred region. State: suspected, since 07:30:40 (20s).
                     `prod` is failing. 3 of 3 vantage points see `prod` failing: fra1 since 07:30:10 (connection timed out), lon1 since 07:30:10 (connection timed out) and nyc1 since 07:30:10 (connection timed out).
                     `dr` is proven: it has been seen healthy for 120 s or longer. 3 of 3 vantage points see `dr` healthy.
                     A failover to `dr` is wanted and held since 07:30:40 (20s), by blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail.
                     `prod` is failing by quorum, so a move is wanted. It waits until nothing holds it any more.

01:30 * all see prod healthy of shop-01 to shop-12

01:30 * all see prod failing of shop-13 to shop-24: connection timed out
01:30 controller-1 shop-11 to shop-12: unheld: failover is no longer wanted
01:30 controller-1 shop-11 to shop-12: suspected → steady on the preferred region
02:00 controller-1 shop-13: PAGE held: failover to `dr` held: blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail
                     no, blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
02:00 controller-1 shop-13 to shop-24: steady on the preferred region → suspected
02:00 controller-1 shop-14 to shop-24: held: failover to `dr` held: blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail
                     no, blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail

02:20 * explain controller-1 of shop-24
02:20 controller-1 shop-24: explains:
                     `shop-24` is in `prod`, its preferred region. State: suspected, since 07:32:00 (20s).
                     `prod` is failing. 3 of 3 vantage points see `prod` failing: fra1 since 07:31:30 (connection timed out), lon1 since 07:31:30 (connection timed out) and nyc1 since 07:31:30 (connection timed out).
                     `dr` is proven: it has been seen healthy for 120 s or longer. 3 of 3 vantage points see `dr` healthy.
                     A failover to `dr` is wanted and held since 07:32:00 (20s), by blastRadius: 12 of 24 services fail in `prod`, 10 have begun to leave within 10 min; at most 10 leave without an order while fewer than 60 % fail.
                     `prod` is failing by quorum, so a move is wanted. It waits until nothing holds it any more.

02:40 * order controller-1 failover dr of shop-24: its own graphs show it, too
02:40 controller-1 shop-24: decided: failover from `prod` to `dr`, ordered by `oncall`: its own graphs show it, too
02:40 controller-1 shop-24: suspected → flipping
02:40 controller-1 shop-24: permitted: the kernel agreed again; the write is sent now
02:40 controller-1 shop-24: applied: failover is in the zone: active in `dr`, epoch 2, rev 2
02:40 controller-1 shop-24: flipping → verifying
02:40 main         shop-24: ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
02:41 controller-1 shop-24: verified: 1 of 1 authoritative servers serve it
02:41 controller-1 shop-24: verifying → cooling down

03:00 * all see prod healthy of shop-13 to shop-24
03:00 controller-1 shop-13 to shop-23: unheld: failover is no longer wanted
03:00 controller-1 shop-13 to shop-23: suspected → steady on the preferred region

03:30 * note: now the region is lost in truth

03:30 * all see prod failing: connection timed out
03:30 controller-1 shop-14: PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
03:30 controller-1 shop-14: steady on the preferred region → flipping
03:30 controller-1 shop-14: permitted: the kernel agreed again; the write is sent now
03:30 controller-1 shop-14: applied: failover is in the zone: active in `dr`, epoch 2, rev 2
03:30 controller-1 shop-14: flipping → verifying
03:30 main         shop-14: ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
03:31 controller-1 shop-14: verified: 1 of 1 authoritative servers serve it
03:31 controller-1 shop-14: verifying → cooling down
03:31 controller-1 shop-15 to shop-23: PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
03:31 controller-1 shop-15 to shop-23: steady on the preferred region → flipping
03:31 controller-1 shop-15 to shop-23: permitted: the kernel agreed again; the write is sent now
03:31 controller-1 shop-15 to shop-23: applied: failover is in the zone: active in `dr`, epoch 2, rev 2
03:31 controller-1 shop-15 to shop-23: flipping → verifying
03:31 main         shop-15 to shop-23: ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
03:32 controller-1 shop-11 to shop-13: PAGE decided: failover from `prod` to `dr`: region `prod` is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
                     dr is healthy, proven: 198.51.100.10: 3 of 3 healthy (fra1, lon1, nyc1)
                     prod is failing: 192.0.2.10: 3 of 3 failing (fra1: connection timed out, lon1: connection timed out, nyc1: connection timed out)
03:32 controller-1 shop-11 to shop-13: steady on the preferred region → flipping
03:32 controller-1 shop-11 to shop-13: permitted: the kernel agreed again; the write is sent now
03:32 controller-1 shop-11 to shop-13: applied: failover is in the zone: active in `dr`, epoch 2, rev 2
03:32 controller-1 shop-11 to shop-13: flipping → verifying
03:32 main         shop-11 to shop-13: ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
03:32 controller-1 shop-15 to shop-23: verified: 1 of 1 authoritative servers serve it
03:32 controller-1 shop-15 to shop-23: verifying → cooling down
03:33 controller-1 shop-11 to shop-13: verified: 1 of 1 authoritative servers serve it
03:33 controller-1 shop-11 to shop-13: verifying → cooling down

04:30 * the end
04:30 main         shop-01 to shop-24: ZONE serves `dr`; fence: epoch 2, rev 2, active dr, by controller-1
      controller-1 shop-01 to shop-24: main: cooling down; the fence is held

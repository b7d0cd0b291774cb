use super::*;

fn attempts_until(free_at: u32, kind: ErrorKind) -> (bool, u32) {
    let mut attempts = 0;
    let outcome = first_free(|| {
        attempts += 1;
        if attempts == free_at { Ok(()) } else { Err(kind.into()) }
    });
    (outcome.is_ok(), attempts)
}

#[test]
fn another_port_is_tried_while_one_is_taken_and_not_for_ever() {
    assert_eq!(attempts_until(3, ErrorKind::AddrInUse), (true, 3));
    assert_eq!(attempts_until(u32::MAX, ErrorKind::AddrInUse), (false, PORT_ATTEMPTS_MAX));
    assert_eq!(attempts_until(3, ErrorKind::PermissionDenied), (false, 1));
}

#[test]
fn error_names_address_and_protocol() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = tcp.local_addr().expect("an address");
    let error = Bound::bind(address).expect_err("taken").to_string();
    assert!(error.starts_with(&format!("cannot listen on {address} (TCP): ")), "{error}");
    let bound = Bound::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let error = Bound::bind(bound.local_addr()).expect_err("taken").to_string();
    assert!(error.contains("(UDP)"), "{error}");
}

#[test]
fn port_zero_takes_a_port_for_both() {
    let bound = Bound::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    assert_ne!(bound.local_addr().port(), 0);
    assert_eq!(bound.tcp.local_addr().expect("an address"), bound.udp.local_addr().expect("an address"));
}

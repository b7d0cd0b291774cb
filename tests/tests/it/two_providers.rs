//! One service at two providers at once, Knot first and BIND second: what fails at one holds up nothing at the other.

use std::net::SocketAddr;

use tests::auth::query_at;
use tests::world::{FENCE_NAME, ZONE, ZONE_TEXT};
use tests::{AuthServer, Daemon, Kind, PATIENCE, Plan, Region, Setup, World, until};

/// A world whose service is kept at a second provider, too.
struct Both {
    world: World,
    second: AuthServer,
}

impl Both {
    fn start() -> Self {
        let mut world = World::start(&Plan { armed: false, ..Plan::on(Kind::Knot) });
        let second = AuthServer::start_in(&world.sandbox, Kind::Bind, Setup::new(ZONE, ZONE_TEXT));
        world.sandbox.write("second.secret", format!("{}\n", second.key().secret()));
        let kept_at_both = with_second(&world, &second);
        world.reconfigure(&kept_at_both);
        world.arm();
        let both = Self { world, second };
        both.until_one_decision(Region::Prod);
        both
    }

    fn addresses(&self) -> [SocketAddr; 2] {
        [self.world.auth.address(), self.second.address()]
    }

    /// A value of the fence at each provider.
    fn fences(&self, key: &str) -> [String; 2] {
        self.addresses().map(|server| fence_value(server, key))
    }

    fn until_serves(&self, server: SocketAddr, region: Region) {
        until(&format!("{server} serves {}", region.name()), PATIENCE, || {
            let answer = self.world.served_at(server);
            if answer == Some(region) {
                Ok(())
            } else {
                Err(format!("{answer:?}, {}", self.world.service()["summary"]))
            }
        });
    }

    fn until_one_decision(&self, region: Region) {
        for server in self.addresses() {
            self.until_serves(server, region);
        }
        until("both fences are of one decision", PATIENCE, || {
            let [plans, epochs, actives] = ["plan", "epoch", "active"].map(|key| self.fences(key));
            let one = |[first, second]: &[String; 2]| first == second && !first.is_empty();
            if one(&plans) && one(&epochs) && one(&actives) { Ok(()) } else { Err((plans, epochs, actives)) }
        });
        self.world.until_metric("failover_controller_diverging_places{service=\"checkout\"} 0");
    }

    fn until_both_fail(&self) {
        until("both regions are judged failing", PATIENCE, || {
            let regions = self.world.service()["summary"]["regions"].clone();
            let failing =
                regions.as_array().is_some_and(|all| all.iter().all(|region| region["judgement"] == "failing"));
            if failing { Ok(()) } else { Err(regions) }
        });
    }

    /// A place as the controller reports it.
    fn place(&self, name: &str) -> serde_json::Value {
        let places = self.world.service()["summary"]["places"].as_array().cloned().unwrap_or_default();
        places.into_iter().find(|place| place["name"] == name).unwrap_or_default()
    }
}

fn with_second(world: &World, second: &AuthServer) -> impl Fn(&str) -> String + use<> {
    let (folder, at, key) = (world.sandbox.path().display().to_string(), second.address(), second.key().clone());
    let servers: Vec<String> = second.addresses().iter().map(|server| format!("\"{server}\"")).collect();
    move |text: &str| {
        let provider = format!(
            "providers:\n  second:\n    rfc2136: {{ server: \"{at}\", zones: [{ZONE}], authoritativeServers: [{}], \
             timeout: 2s, readInterval: 500ms, permit: 5s,\n      tsig: {{ name: {}, algorithm: {}, \
             secretFile: {folder}/second.secret }} }}\n",
            servers.join(", "),
            key.name(),
            key.algorithm(),
        );
        let declared = text.replacen("providers:\n", &provider, 1);
        declared.replace("providers: [main]", "providers: [main, second]")
    }
}

fn fence_value(server: SocketAddr, key: &str) -> String {
    let fence = query_at(server, FENCE_NAME, "TXT").join("").replace("\" \"", "").replace('"', "");
    let pairs = fence.split(';').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(found, _)| *found == key).map(|(_, value)| value.to_owned()).unwrap_or_default()
}

#[test]
fn a_move_reaches_both_providers_as_one_decision_and_so_does_the_way_back() {
    let mut both = Both::start();
    let epoch: u64 = both.fences("epoch")[0].parse().expect("a number");
    both.world.prod.process().kill9();
    both.until_one_decision(Region::Dr);
    assert_eq!(both.fences("epoch")[1], (epoch + 1).to_string());
    both.world.prod.restart();
    both.world.until_proven(Region::Prod);
    let args = ["failback", "checkout", "--reason", "prod is well", "--override", "cooledDown", "--wait"];
    let (code, out, err) = both.world.admin(&args);
    assert_eq!(code, 0, "{out}{err}");
    both.until_one_decision(Region::Prod);
    assert_eq!(both.fences("epoch")[1], (epoch + 2).to_string());
}

/// One that waits for a move and one that waits for the end of it are told the same: of every place, or of none.
#[test]
fn who_waits_is_told_of_both_providers() {
    let mut both = Both::start();
    both.second.primary().kill9();
    until("the second is seen to be down", PATIENCE, || {
        let told = both.place("second");
        if told["trouble"].is_string() { Ok(()) } else { Err(told) }
    });
    let line = ["failover", "checkout", "--to", "dr", "--reason", "a drill", "--wait", "--timeout", "8s"];
    let (code, out, err) = both.world.admin(&line);
    assert_eq!(code, 4, "{out}{err}");
    assert!(out.contains("written at 1 of 2 places; second: ") && out.contains("it still serves prod"), "{out}{err}");
    let (_, status, _) = both.world.admin(&["status"]);
    assert!(status.contains("PAGE checkout: second: the zone cannot be read"), "{status}");
    assert!(status.contains("note checkout: on `dr`, not on `prod`"), "each line is marked by itself: {status}");

    both.second.restart();
    both.until_one_decision(Region::Dr);
    let back = ["failback", "checkout", "--reason", "it is over", "--override", "cooledDown", "--wait"];
    let (code, out, err) = both.world.admin(&back);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("at all 2 places"), "{out}{err}");
    assert_eq!(both.addresses().map(|server| both.world.served_at(server)), [Some(Region::Prod); 2]);
    let (code, out, err) = both.world.admin(&["service", "show", "checkout"]);
    assert!(code == 0 && out.contains("all 2 places tell of the same move"), "{out}{err}");

    let (code, out, err) = both.world.admin(&["release", "checkout", "--reason", "by hand from now on", "--wait"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(both.fences("released").iter().all(|released| !released.is_empty()), "{out}{err}");
}

/// The first provider hangs from the moment when the region dies: what is sent to it has no answer.
#[test]
fn the_second_serves_dr_while_the_first_hangs_which_follows_by_itself() {
    let mut both = Both::start();
    let [main, second] = both.addresses();
    both.world.auth.primary().sigstop();
    both.world.prod.process().kill9();
    both.until_serves(second, Region::Dr);
    both.world.until_metric("failover_controller_diverging_places{service=\"checkout\"} 1");
    let told = both.place("main");
    assert!(told["diverges"] == true && told["trouble"].is_string(), "{told}");
    both.world.until_status_says("main");
    both.world.auth.primary().sigcont();
    both.until_serves(main, Region::Dr);
    both.until_one_decision(Region::Dr);
}

/// The first provider is down for longer than its writes' tries; the region that failed is well again when it returns.
#[test]
fn a_first_provider_that_was_down_follows_even_if_prod_is_well_again() {
    let mut both = Both::start();
    let [_, second] = both.addresses();
    both.world.auth.primary().kill9();
    until("the first is seen to be down", PATIENCE, || {
        let told = both.place("main");
        if told["trouble"].is_string() { Ok(()) } else { Err(told) }
    });
    let epoch: u64 = fence_value(second, "epoch").parse().expect("a number");
    both.world.prod.process().kill9();
    both.until_serves(second, Region::Dr);
    both.world.prod.restart();
    both.world.until_proven(Region::Prod);
    both.world.auth.restart();
    both.until_one_decision(Region::Dr);
    assert_eq!(both.fences("epoch")[0], (epoch + 1).to_string(), "it took over the one decision that there was");
}

/// The first provider returns when the region that the second has moved to is dead, too.
#[test]
fn a_first_provider_that_was_down_does_not_follow_into_a_dead_region() {
    let mut both = Both::start();
    let [main, second] = both.addresses();
    let fence = query_at(main, FENCE_NAME, "TXT");
    both.world.auth.primary().kill9();
    both.world.prod.process().kill9();
    both.until_serves(second, Region::Dr);
    both.world.dr.process().kill9();
    both.until_both_fail();
    both.world.auth.restart();
    until("the first is read again and held", PATIENCE, || {
        let told = both.place("main");
        if told["standing"] == "held" && told["trouble"].is_null() { Ok(()) } else { Err(told) }
    });
    both.world.until_status_says("PAGE");
    assert_eq!(query_at(main, FENCE_NAME, "TXT"), fence, "nothing was written");
    assert_eq!(both.world.served_at(main), Some(Region::Prod));
    assert_eq!(both.world.served_at(second), Some(Region::Dr), "what has moved is not rolled back");
    both.world.prod.restart();
    both.until_one_decision(Region::Prod);
}

/// Two controllers with stores of their own, each of which reaches another provider only, decide at once.
#[test]
fn a_split_is_told_and_ends_in_one_decision() {
    let mut both = Both::start();
    let [main, second] = both.addresses();
    let whole = with_second(&both.world, &both.second);
    let mut other = both.world.further_controller("controller-2", &whole);
    let (code, out, err) = both.world.admin_at(&other, &["resume", "checkout", "--reason", "armed"]);
    assert_eq!(code, 0, "{out}{err}");
    let epoch: u64 = both.fences("epoch")[0].parse().expect("a number");

    let nowhere = both.world.sandbox.socket();
    let cut = |server: SocketAddr| {
        move |text: &str| text.replace(&format!("server: \"{server}\""), &format!("server: \"{nowhere}\""))
    };
    both.world.reconfigure(cut(second));
    let healed = edit(&both.world, "controller-2", cut(main));
    other.restart();
    for (controller, lost) in [(&both.world.controller, "second"), (&other, "main")] {
        until(&format!("{lost} is out of reach"), PATIENCE, || {
            let service = both.world.service_at(controller);
            let places = service["summary"]["places"].as_array().cloned().unwrap_or_default();
            let away = places.iter().any(|place| place["name"] == lost && place["trouble"].is_string());
            let regions = service["summary"]["regions"].as_array().cloned().unwrap_or_default();
            let ready = regions.iter().all(|region| region["proven"] == true) && !regions.is_empty();
            if away && ready { Ok(()) } else { Err(service["summary"].clone()) }
        });
    }
    both.world.prod.process().kill9();
    both.until_serves(main, Region::Dr);
    both.until_serves(second, Region::Dr);
    assert_eq!(both.fences("epoch"), [(epoch + 1).to_string(), (epoch + 1).to_string()]);
    let [one, another] = both.fences("plan");
    assert_ne!(one, another, "each has decided for itself");

    both.world.reconfigure(|text| text.replace(&format!("server: \"{nowhere}\""), &format!("server: \"{second}\"")));
    both.world.sandbox.write("controller-2.yaml", healed);
    other.restart();
    both.until_one_decision(Region::Dr);
    assert!(both.fences("epoch")[0].parse::<u64>().expect("a number") > epoch + 1);
    assert!(tells_of_split(&both.world, &both.world.controller) || tells_of_split(&both.world, &other));
}

/// Changes a further controller's configuration and returns what it was.
fn edit(world: &World, name: &str, change: impl FnOnce(&str) -> String) -> String {
    let file = format!("{name}.yaml");
    let before = std::fs::read_to_string(world.sandbox.path().join(&file)).expect("the configuration was written");
    let after = change(&before);
    assert_ne!(before, after, "the edit changes nothing");
    world.sandbox.write(file, after);
    before
}

fn tells_of_split(world: &World, controller: &Daemon) -> bool {
    world.history_at(controller).iter().any(|row| row["kind"] == "split" && row["page"] == true)
}

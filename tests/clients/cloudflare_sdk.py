"""The official Cloudflare SDK against the strict fake, every answer validated against the SDK's own types.

Runs the part named by its argument and prints `ok PART`; any difference is an exception.
"""

import os
import sys

import cloudflare

ZONE = os.environ["ZONE"]
CLIENT = cloudflare.Cloudflare(max_retries=0, timeout=10, _strict_response_validation=True)


def zone_id():
    return CLIENT.zones.list(name=ZONE).result[0].id


def check(seen, wanted):
    if seen != wanted:
        raise AssertionError(f"seen {seen!r}, wanted {wanted!r}")


def refused(kind, status, code, call):
    try:
        answer = call()
    except kind as error:
        check((type(error), error.status_code), (kind, status))
        if code is not None:
            check(error.errors[0].code, code)
        return
    raise AssertionError(f"not refused: {answer!r}")


def zones():
    check(CLIENT.user.tokens.verify().status, "active")
    check(sorted(zone.name for zone in CLIENT.zones.list()), ["example.com", "example.net"])
    zone = CLIENT.zones.get(zone_id=zone_id())
    check((zone.name, zone.plan.legacy_id, zone.status, zone.type), (ZONE, "pro", "active", "full"))
    check(len(zone.name_servers), 2)


def records():
    zone = zone_id()
    api = CLIENT.dns.records
    fields = [
        {"name": "www", "type": "A", "content": "192.0.2.1", "ttl": 60, "comment": "of the SDK", "tags": ["owner:tests"]},
        {"name": "www", "type": "AAAA", "content": "2001:db8::1", "ttl": 60, "proxied": True},
        {"name": "@", "type": "CNAME", "content": "lb.example.net", "ttl": 1, "settings": {"flatten_cname": True}},
        {"name": "t", "type": "TXT", "content": '"v=1;" "a=b"', "ttl": 300},
        {"name": "m", "type": "MX", "content": "mx.example.net", "ttl": 300, "priority": 5},
        {"name": "sub", "type": "NS", "content": "ns.example.net", "ttl": 300},
        {"name": "p", "type": "PTR", "content": "host.example.net", "ttl": 300},
        {"name": "c", "type": "CAA", "data": {"flags": 0, "tag": "issue", "value": "ca.example.net"}, "ttl": 300},
        {
            "name": "_s._tcp",
            "type": "SRV",
            "data": {"priority": 1, "weight": 2, "port": 443, "target": "host.example.net"},
            "ttl": 300,
        },
        {
            "name": "place",
            "type": "LOC",
            "data": {
                "lat_degrees": 51,
                "lat_minutes": 30,
                "lat_seconds": 12.748,
                "lat_direction": "N",
                "long_degrees": 0,
                "long_minutes": 7,
                "long_seconds": 39.612,
                "long_direction": "W",
                "altitude": -10.1,
                "size": 2,
                "precision_horz": 100,
                "precision_vert": 10,
            },
            "ttl": 300,
        },
        {
            "name": "_http._tcp",
            "type": "URI",
            "priority": 10,
            "data": {"weight": 1, "target": "https://host.example.net/"},
            "ttl": 300,
        },
        {
            "name": "key",
            "type": "DNSKEY",
            "data": {"flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AwEAAQ=="},
            "ttl": 300,
        },
    ]
    made = [api.create(zone_id=zone, **record) for record in fields]
    check([record.type for record in made], [record["type"] for record in fields])
    check([record.proxied for record in made[:2]], [False, True])
    check((made[0].comment, made[0].tags, made[4].priority), ("of the SDK", ["owner:tests"], 5))
    check((made[7].data.tag, made[8].data.port, made[8].data.target), ("issue", 443, "host.example.net"))
    check((made[9].data.lat_seconds, made[9].data.altitude, made[9].data.long_direction), (12.748, -10.1, "W"))
    check((made[10].priority, made[10].data.weight, made[10].data.target), (10, 1, "https://host.example.net/"))
    check((made[11].data.flags, made[11].data.public_key), (257, "AwEAAQ=="))
    first = made[0].id
    edited = api.edit(first, zone_id=zone, name="www", type="A", content="192.0.2.2", ttl=120)
    check((edited.id, edited.content, edited.comment), (first, "192.0.2.2", "of the SDK"))
    updated = api.update(first, zone_id=zone, name="www", type="A", content="192.0.2.3", ttl=60)
    check((updated.id, updated.content, updated.comment), (first, "192.0.2.3", None))
    check(api.get(first, zone_id=zone), updated)
    check(api.delete(first, zone_id=zone).id, first)
    check(len(list(api.list(zone_id=zone))), len(fields) - 1)


def pages():
    zone = zone_id()
    api = CLIENT.dns.records
    posts = [{"name": f"r{i}", "type": "A", "content": f"192.0.2.{i}", "ttl": 60} for i in range(7)]
    api.batch(zone_id=zone, posts=posts)
    check([record.content for record in api.list(zone_id=zone, per_page=3)], [f"192.0.2.{i}" for i in range(7)])
    page = api.list(zone_id=zone, per_page=3)
    check((page.result_info.total_count, page.result_info.count), (7, 3))
    check([record.name for record in api.list(zone_id=zone, name={"exact": f"r5.{ZONE}"})], [f"r5.{ZONE}"])
    ordered = api.list(zone_id=zone, type="A", order="content", direction="desc", match="all")
    check(next(iter(ordered)).content, "192.0.2.6")


def batches():
    zone = zone_id()
    api = CLIENT.dns.records
    first = api.batch(zone_id=zone, posts=[{"name": n, "type": "A", "content": "192.0.2.1", "ttl": 60} for n in "abc"])
    a, b, c = [record.id for record in first.posts]
    second = api.batch(
        zone_id=zone,
        deletes=[{"id": a}],
        patches=[{"id": b, "content": "192.0.2.2"}],
        puts=[{"id": c, "name": "c", "type": "A", "content": "192.0.2.3", "ttl": 60}],
        posts=[{"name": "a", "type": "CNAME", "content": "lb.example.net", "ttl": 60}],
    )
    lists = [second.deletes, second.patches, second.puts, second.posts]
    check([len(items) for items in lists], [1, 1, 1, 1])
    check([items[0].content for items in lists], ["192.0.2.1", "192.0.2.2", "192.0.2.3", "lb.example.net"])
    refused(cloudflare.NotFoundError, 404, 81044, lambda: api.batch(zone_id=zone, deletes=[{"id": b}, {"id": a}]))
    check(len(list(api.list(zone_id=zone))), 3)


def errors():
    zones_of = CLIENT.zones.list
    refused(cloudflare.RateLimitError, 429, 971, zones_of)
    refused(cloudflare.InternalServerError, 503, 10001, zones_of)
    refused(cloudflare.InternalServerError, 520, None, zones_of)
    try:
        zones_of()
    except cloudflare.APIConnectionError:
        pass
    else:
        raise AssertionError("the connection was not cut")
    zone = zone_id()
    api = CLIENT.dns.records
    record = {"zone_id": zone, "name": "www", "type": "A", "content": "192.0.2.1", "ttl": 60}
    api.create(**record)
    refused(cloudflare.BadRequestError, 400, 81058, lambda: api.create(**record))
    refused(cloudflare.BadRequestError, 400, 9021, lambda: api.create(**{**record, "ttl": 5}))
    refused(cloudflare.NotFoundError, 404, 81044, lambda: api.get("0" * 32, zone_id=zone))
    refused(cloudflare.NotFoundError, 404, 7003, lambda: CLIENT.zones.get(zone_id="f" * 32))
    stranger = CLIENT.with_options(api_token="stranger-" + "x" * 40)
    refused(cloudflare.AuthenticationError, 401, 1000, stranger.user.tokens.verify)
    refused(cloudflare.PermissionDeniedError, 403, 9109, stranger.zones.list)
    refused(cloudflare.PermissionDeniedError, 403, 10000, lambda: stranger.dns.records.list(zone_id=zone))


PARTS = {part.__name__: part for part in (zones, records, pages, batches, errors)}

if __name__ == "__main__":
    PARTS[sys.argv[1]]()
    print("ok", sys.argv[1])

"""The strict fake of Route 53 as boto3 sees it: its documents parsed by botocore's own model, its errors by their class."""

import boto3
from botocore.exceptions import ClientError

client = boto3.client("route53")
TARGET = "192.0.2.1"


def record_set(name, values, rtype="A", ttl=60, **more):
    return {"Name": name, "Type": rtype, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values], **more}


def change(zone, *changes):
    batch = {"Comment": "boto3", "Changes": [{"Action": action, "ResourceRecordSet": item} for action, item in changes]}
    return client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]


def refused(code, status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        assert error.response["ResponseMetadata"]["RequestId"], error.response
        return error
    raise AssertionError(f"{code} was expected")


def listed(zone, **more):
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone, **more)
    return [item for page in pages for item in page["ResourceRecordSets"]]


created = client.create_hosted_zone(Name="example.org", CallerReference="boto3", HostedZoneConfig={"Comment": "a comment"})
zone = created["HostedZone"]["Id"]
assert created["ResponseMetadata"]["HTTPStatusCode"] == 201 and created["Location"].endswith(zone), created
assert created["HostedZone"]["Config"] == {"Comment": "a comment", "PrivateZone": False}, created
assert len(created["DelegationSet"]["NameServers"]) == 4, created
found = client.get_hosted_zone(Id=zone)
assert found["HostedZone"] == created["HostedZone"] and found["DelegationSet"] == created["DelegationSet"], found
assert zone in [item["Id"] for item in client.list_hosted_zones()["HostedZones"]]
assert client.list_hosted_zones_by_name(DNSName="example.org")["HostedZones"][0]["Id"] == zone
assert client.get_hosted_zone_count()["HostedZoneCount"] == 1
assert client.list_health_checks()["HealthChecks"] == []
already = refused("HostedZoneAlreadyExists", 409, client.create_hosted_zone, Name="example.org", CallerReference="boto3")
assert isinstance(already, client.exceptions.HostedZoneAlreadyExists)

# Create, list, update, delete.
info = change(zone, ("CREATE", record_set("a.example.org", [TARGET])), ("CREATE", record_set("*.example.org", [TARGET])))
assert info["Status"] in ("PENDING", "INSYNC") and info["Comment"] == "boto3" and info["SubmittedAt"].tzinfo, info
client.get_waiter("resource_record_sets_changed").wait(Id=info["Id"], WaiterConfig={"Delay": 0})
assert client.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"
assert [item["Name"] for item in listed(zone)] == ["example.org.", "example.org.", "\\052.example.org.", "a.example.org."]
change(zone, ("UPSERT", record_set("a.example.org", [TARGET, "192.0.2.2"], ttl=30)))
held = [item for item in listed(zone) if item["Name"] == "a.example.org."]
assert held == [record_set("a.example.org.", [TARGET, "192.0.2.2"], ttl=30)], held
text = '"a & <b>" "' + "x" * 255 + '"'
change(zone, ("CREATE", record_set("t.example.org", [text], rtype="TXT")))
assert [item["ResourceRecords"] for item in listed(zone) if item["Type"] == "TXT"] == [[{"Value": text}]]
alias = {"HostedZoneId": zone.split("/")[-1], "DNSName": "a.example.org.", "EvaluateTargetHealth": True}
change(zone, ("CREATE", {"Name": "example.org.", "Type": "A", "AliasTarget": alias}))
assert [item["AliasTarget"] for item in listed(zone) if "AliasTarget" in item] == [alias]

# Weighted sets in the place of a simple one, shared out anew, and back: each in one batch.
simple = record_set("s.example.org", [TARGET])
shares = lambda one: [record_set("s.example.org", [TARGET], SetIdentifier=name, Weight=weight) for name, weight in one]
ten, fifty = shares([("prod", 10), ("dr", 90)]), shares([("prod", 50), ("dr", 50)])
change(zone, ("CREATE", simple))
refused("InvalidChangeBatch", 400, change, zone, ("CREATE", ten[0]), ("DELETE", simple))
for before, after in [([simple], ten), (ten, fifty), (fifty, [simple])]:
    change(zone, *[("DELETE", item) for item in before], *[("CREATE", item) for item in after])
    held = {item.get("Weight") for item in listed(zone) if item["Name"] == "s.example.org."}
    assert held == {item.get("Weight") for item in after}, held
change(zone, ("DELETE", simple))

# Pages, through several sets of one name too.
many = [("CREATE", record_set(f"n{at:04}.example.org", [TARGET])) for at in range(600)]
weighted = [("CREATE", record_set("w.example.org", [TARGET], SetIdentifier=f"{at:02}", Weight=at)) for at in range(20)]
change(zone, *many)
change(zone, *weighted)
everything = listed(zone)
assert len(everything) == client.get_hosted_zone(Id=zone)["HostedZone"]["ResourceRecordSetCount"] == 626, len(everything)
assert listed(zone, PaginationConfig={"PageSize": 7}) == everything
assert [item["Weight"] for item in everything if "Weight" in item] == list(range(20))

# Refusals.
stale = refused("InvalidChangeBatch", 400, change, zone, ("DELETE", record_set("a.example.org", [TARGET])))
assert isinstance(stale, client.exceptions.InvalidChangeBatch)
words = "[Tried to delete resource record set [name='a.example.org.', type='A'] but the values provided do not match the current values]"
assert stale.response["Error"]["Message"] == words, stale.response
before = listed(zone)
half = refused("InvalidChangeBatch", 400, change, zone, ("CREATE", record_set("new.example.org", [TARGET])), ("CREATE", record_set("a.example.org", [TARGET])))
assert "but it already exists" in str(half) and listed(zone) == before
refused("InvalidChangeBatch", 400, change, zone, *[("UPSERT", item) for _, item in many])
no_ttl = {"Name": "x.example.org", "Type": "A", "ResourceRecords": [{"Value": TARGET}]}
assert "Expected exactly one of" in str(refused("InvalidInput", 400, change, zone, ("CREATE", no_ttl)))
refused("NoSuchHostedZone", 404, client.list_resource_record_sets, HostedZoneId="Z0")
assert isinstance(refused("NoSuchChange", 404, client.get_change, Id="/change/C0"), client.exceptions.NoSuchChange)
refused("HostedZoneNotEmpty", 400, client.delete_hosted_zone, Id=zone)
stranger = boto3.client("route53", aws_access_key_id="AKIDOTHER", aws_secret_access_key="x")
refused("InvalidClientTokenId", 403, stranger.list_hosted_zones)
guesser = boto3.client("route53", aws_secret_access_key="guess", aws_access_key_id="AKIDEXAMPLE")
refused("SignatureDoesNotMatch", 403, guesser.list_hosted_zones)

# Everything away again, by what was read.
own = [item for item in everything if item["Type"] not in ("NS", "SOA")]
for start in range(0, len(own), 500):
    change(zone, *[("DELETE", item) for item in own[start : start + 500]])
assert client.delete_hosted_zone(Id=zone)["ChangeInfo"]["Id"].startswith("/change/C")
refused("NoSuchHostedZone", 404, client.get_hosted_zone, Id=zone)
print("all as on Route 53")

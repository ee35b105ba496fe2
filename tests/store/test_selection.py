"""Log groups by name, tags, class and data source, and the tags and classes that groups have."""

from __future__ import annotations

import pytest

import cwnb
from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.events import GroupSelector

ALL = GroupSelector(log_classes=())


@pytest.fixture(params=["none", "default"])
def logs(request, tmp_path):
    with cwnb.open(tmp_path / "store", encryption=request.param) as held:
        held.create_group("/a/web", tags={"team": "shop", "env": "prod"})
        held.create_group("/a/db", tags={"team": "data"}, log_class="INFREQUENT_ACCESS")
        held.create_group("/b", log_type="vpc-flow")
        yield held


def meant(logs, **said):
    snapshot = logs.store.snapshot([], [GroupSelector(**said)])
    return [group.name for group in snapshot.groups]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"names": ("/b",)}, ["/b"]),
        ({"names": ("arn:aws:logs:us-east-1:000000000000:log-group:/a/db:*",)}, ["/a/db"]),
        ({}, ["/a/web", "/b"]),
        ({"log_classes": ()}, ["/a/db", "/a/web", "/b"]),
        ({"log_classes": ("INFREQUENT_ACCESS",)}, ["/a/db"]),
        ({"log_classes": ("INFREQUENT_ACCESS", "STANDARD")}, ["/a/db", "/a/web", "/b"]),
        ({"prefixes": ("/a", "/x")}, ["/a/web"]),
        ({"prefixes": ("/b",), "accounts": ("000000000000",)}, ["/b"]),
        ({"data_sources": ("amazon_vpc.flow",)}, ["/b"]),
        ({"tags": (("team", ("shop",)),)}, ["/a/web"]),
        ({"tags": (("team", ("sh*",)),), "log_classes": ()}, ["/a/web"]),
        ({"tags": (("team", ("shop", "data")),), "log_classes": ()}, ["/a/db", "/a/web"]),
        ({"tags": (("team", ("*",)), ("env", ("prod",))), "log_classes": ()}, ["/a/web"]),
        ({"tags": (("team", ("!shop",)),), "log_classes": ()}, ["/a/db", "/b"]),
        ({"tags": (("team", ("!*",)),), "log_classes": ()}, ["/b"]),
    ],
)
def test_a_selector_means_these_groups(logs, said, names):
    assert meant(logs, **said) == names


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"names": ("/a/wab",)}, "is named '/a/wab'; did you mean '/a/web'?"),
        ({"names": ("/a/*",)}, r"write SOURCE logGroups\(namePrefix: \['/a/'\]\)"),
        ({"prefixes": ("/x",)}, r"matches '/x\*'"),
        ({"accounts": ("111122223333",)}, "the account of this store is 000000000000"),
        ({"names": ("arn:aws:logs:eu-west-1:000000000000:log-group:/b",)}, "this store is us-east"),
        ({"names": ("arn:aws:s3:::b",)}, "is no ARN of a log group"),
        ({"log_classes": ("DELIVERY",)}, "no log group is of the class DELIVERY"),
        ({"data_sources": ("aws_lambda.application",)}, "is of the data source aws_lambda"),
        (
            {"data_sources": ("AMAZON_VPC.flow",), "prefixes": ("/a",)},
            r"made with its log type, as by create_group\(name, log_type='vpc-flow'\)",
        ),
        ({"data_sources": ("mine.own",)}, "no log type belongs to the data source 'mine.own'"),
        ({"tags": (("team", ("[s]hop",)),)}, "has the tag 'team' as"),
    ],
)
def test_a_selector_that_no_group_meets_is_an_error(logs, said, error):
    with pytest.raises(ResourceNotFound, match=error):
        meant(logs, **said)


def test_groups_keep_their_class_and_tags(logs, tmp_path):
    logs.set_tags("/b", {"team": "net"})
    logs.set_tags("/a/db", {})
    logs.put("/b", "s", [("-1m", "x")])
    logs.flush()
    logs.close()
    with cwnb.open(tmp_path / "store") as again:
        listed = again.groups().set_index("name")
        assert listed["tags"].to_dict() == {
            "/a/db": "",
            "/a/web": "env=prod, team=shop",
            "/b": "team=net",
        }
        assert listed["log_class"].to_dict() == {
            "/a/db": "INFREQUENT_ACCESS",
            "/a/web": "STANDARD",
            "/b": "STANDARD",
        }
        again.backup(tmp_path / "copy")
    with cwnb.open(tmp_path / "copy") as copy:
        found = copy.query(
            'SOURCE logGroupTags([{"key": "team", "values": ["net"]}]) | stats count(*) as n'
        )
        assert list(found) == [{"n": 1}]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"log_class": "standard"}, "unknown log class 'standard'; did you mean 'STANDARD'?"),
        ({"tags": ["team"]}, "tags are a dict"),
        ({"tags": {"aws:team": "x"}}, "must not begin with 'aws:'"),
        ({"tags": {"": "x"}}, "the key of a tag"),
        ({"tags": {"team": 3}}, "the tag 'team' must be a text"),
        ({"tags": {str(n): "x" for n in range(51)}}, "at most 50 tags, not 51"),
    ],
)
def test_classes_and_tags_that_the_service_refuses(logs, options, error):
    with pytest.raises(InvalidParameter, match=error):
        logs.create_group("/new", **options)
    assert not logs.store.has_group("/new")

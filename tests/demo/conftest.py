from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture(scope="package")
def demo_store(tmp_path_factory):
    """Make the demo's store once; gives its folder and that of its key."""
    from cwnb import demo

    config = tmp_path_factory.mktemp("demo-config")
    before = os.environ.get("CWNB_CONFIG_DIR")
    os.environ["CWNB_CONFIG_DIR"] = str(config)
    path = tmp_path_factory.mktemp("demo") / ".cwnb-demo"
    try:
        demo.ensure(path).close()
    finally:
        os.environ.pop("CWNB_CONFIG_DIR")
        if before is not None:
            os.environ["CWNB_CONFIG_DIR"] = before
    return path, config


@pytest.fixture
def demo_path(demo_store, monkeypatch):
    path, config = demo_store
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(config))
    return path


@pytest.fixture
def folder(demo_path, tmp_path, monkeypatch):
    """Work in a folder that has a copy of the demo's store, as after `./scripts/demo`."""
    shutil.copytree(demo_path, tmp_path / ".cwnb-demo")
    monkeypatch.delenv("CWNB_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path

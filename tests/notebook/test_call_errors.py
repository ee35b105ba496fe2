"""Errors of calls in cells."""

from __future__ import annotations


def test_an_error_of_a_call_is_a_sentence_with_the_line(run):
    done = run("question = 'stat count(*)'\nlogs.query(question, '/shop/app')")
    assert done.error_in_exec is not None
    assert "Traceback" not in done.stdout
    first, *_, last = done.stdout.strip().splitlines()
    assert first.startswith("MalformedQuery: unknown command 'stat'")
    assert last == "in line 2: logs.query(question, '/shop/app')"


def test_the_line_is_that_of_the_users_function(run):
    run("def ask(name):\n    return logs.fields(name)")
    done = run("ask('/none')")
    assert "in line 2: return logs.fields(name)" in done.stdout


def test_other_errors_keep_their_traceback(run):
    assert "Traceback" in run("1 / 0").stdout


def test_a_handler_of_somebody_else_stays(shell, run):
    run("%unload_ext cwnb")
    assert shell.custom_exceptions == ()
    shell.set_custom_exc((KeyError,), lambda *_, **__: ["mine"])
    run("%load_ext cwnb")
    assert shell.custom_exceptions == (KeyError,)
    run("%unload_ext cwnb")
    assert shell.custom_exceptions == (KeyError,)

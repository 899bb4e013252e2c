"""What docstrings promise and what the source can refuse are the same codes."""

from tests.core.documented import EVERYWHERE, PHRASES, documented, raised_in_source, verbs

NOT_OF_ACTIONS = {
    "unknown_code",
    "ambiguous_code",
    "not_in_code",
    "label_differs",  # a code is looked up before an action is called
    "idempotency_key_in_use",
    "idempotency_key_reused",
    "precondition_failed",
    "lines_needed",
    "not_tried",  # the frame around every verb
    "attachment_damaged",  # when a file is read
    "display_expired",
    "link_used",
    "nothing_to_show",  # wall screens, which the admin offers
    "export_too_large",  # when a list is made a file
}


def test_every_code_in_a_docstring_can_happen() -> None:
    named = {code for verb in verbs().values() for code in documented(verb)}
    assert named - raised_in_source() == set()


def test_every_code_that_can_happen_stands_in_a_docstring() -> None:
    named = {code for verb in verbs().values() for code in documented(verb)}
    phrases = {code for codes in PHRASES.values() for code in codes}
    assert raised_in_source() - named - phrases - EVERYWHERE - NOT_OF_ACTIONS == set()


def test_every_action_says_what_it_refuses() -> None:
    silent = [name for name, verb in verbs().items() if len(documented(verb)) < 2]
    assert sorted(silent) == [
        "draft_dwell", "draft_plan", "draft_rules", "remove_master", "suggest",
    ]  # fmt: skip

"""Rules of tags and custom fields, one by one; many at once are in `bulk`."""

from kit_mock.rules.rule import Rule

TITLE = "Tags and custom fields"
_CREATE = ("create_tag", "create_custom_field")
_UPDATE = ("update_tag", "update_custom_field")
_CHANGE = (*_CREATE, *_UPDATE)
_BULK_CREATE = ("bulk_create_tags", "bulk_create_custom_fields")
_FIELDS = ("create_custom_field", "update_custom_field", "list_custom_fields")

RULES = (
    Rule("name_new", "reference", _CREATE, "A new name makes a tag or field: 201."),
    Rule("name_stripped", "chosen", _CHANGE, "White space around a name is dropped."),
    Rule(
        "name_exists",
        "seen",
        _CREATE,
        "A name that exists, in any case, is a 200 with the tag or field that has it.",
        reference="A name that exists, in any case, is a 422 `Name has already been taken`, or `Label …` for a field.",
        service="a 200 today; the reference has the 422 of a tag, and says nothing of a known label",
        document="both; 200 is added",
        switches=("existing_tag_is_returned", "existing_field_is_returned"),
    ),
    Rule(
        "name_blank",
        "reference",
        (*_CHANGE, *_BULK_CREATE),
        "A blank name is a 422 `Name can't be blank`, or `Label …` for a field; in bulk, it is a failure.",
        document="`name` of a tag and `label` of a field are not blank, also in the items of bulk requests",
    ),
    Rule(
        "name_changed",
        "reference",
        _UPDATE,
        "An update changes the name; the tag or field keeps its id and its subscribers.",
    ),
    Rule("name_own", "chosen", _UPDATE, "The tag's or field's own name in another case is accepted."),
    Rule("name_of_another", "reference", _UPDATE, "The name of another one, in any case, is a 422."),
    # -------------------- Tags
    Rule(
        "deleting_a_tag_is_no_event",
        "chosen",
        "bulk_delete_tags",
        "Deleting a tag is no event, not even for those who had it, and webhooks and broadcasts that name it stay as they"
        " are.",
    ),
    # -------------------- Custom fields
    Rule(
        "field_key",
        "reference",
        _FIELDS,
        "A key is the label in lower case with underscores, and follows it.",
        document="a pattern: lower-case ASCII letters, digits and underscores",
    ),
    Rule(
        "field_key_digits",
        "chosen",
        _FIELDS,
        "A key may have digits, as a label may have some.",
        document="a pattern",
    ),
    Rule(
        "field_key_letters",
        "chosen",
        _FIELDS,
        "Letters of other alphabets stand in a key as they are usually written in ASCII.",
    ),
    Rule(
        "field_key_of_nothing",
        "chosen",
        _FIELDS,
        "A label without a single ASCII letter or digit makes the key `field`.",
    ),
    Rule(
        "field_key_taken",
        "chosen",
        _FIELDS,
        "A key that another field has gets `_2`, `_3` and so on.",
    ),
    Rule(
        "field_name",
        "reference",
        _FIELDS,
        "The name of a field is `ck_field_`, its id and its first key, and stays.",
        document="a pattern",
    ),
    Rule("labels_without_case", "chosen", _FIELDS, "Labels are unique without regard to case."),
    Rule("field_deleted", "reference", "delete_custom_field", "A deleted field is gone, and so are its values."),
    Rule(
        "locked_fields",
        "chosen",
        "delete_custom_field",
        "A field that a seed has `locked` can't be deleted, as if an integration of Kit's held on to it.",
    ),
)

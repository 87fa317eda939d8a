"""
The voice menus of FreePBX as scripts of ours.

Tables (`tables`, read by `reading`) are looked at as one telephone office (`office`); menus are
grown into scripts (`growing`, `menus`, `ends`), which `yaml_text` writes down. Whatever a script
cannot say is a remark (`ledger`), and `report` tells them all.

Sources: the modules of FreePBX 13 to 17, each table from its `module.xml` (`<database>`), the
meaning of each column from the module's `functions.inc.php` (`ivr_get_config` and its sisters),
which writes the dialplan.

Rule 1: nobody is lost: what cannot be expressed leads to a person.
Rule 2: nothing is dropped silently: every row is carried over or is in the report.
Rule 3: the same tables give the same files, letter by letter.
"""

from ekc_telephony.importing.freepbx.carry import Imported, Wishes, carry_over
from ekc_telephony.importing.freepbx.reading import Source, SourceError, read_tables

__all__ = ["Imported", "Source", "SourceError", "Wishes", "carry_over", "read_tables"]

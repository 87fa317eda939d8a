"""
The voice menus of FreePBX as scripts of ours.

Tables are read and looked at as one telephone office (`source`); its menus are grown into scripts
(`growth`), which are written down (`writing`). Whatever a script cannot say is a remark, and the
report tells them all.

Sources: the modules of FreePBX 13 to 17, each table from its `module.xml` (`<database>`), the
meaning of each column from the module's `functions.inc.php` (`ivr_get_config` and its sisters),
which writes the dialplan.

Rule 1: nobody is lost: what cannot be expressed leads to a person.
Rule 2: nothing is dropped silently: every row is carried over or is in the report.
Rule 3: the same tables give the same files, letter by letter.
"""

from ekc_telephony.importing.freepbx.growth.carry import Imported, Wishes, carry_over
from ekc_telephony.importing.freepbx.source.reading import Source, SourceError, read_tables

__all__ = ["Imported", "Source", "SourceError", "Wishes", "carry_over", "read_tables"]

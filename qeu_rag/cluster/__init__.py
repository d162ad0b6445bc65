"""Other machines at work for this one: Ray reads and embeds files there, and answers lists of questions.

Reading order: ``address`` (what ``--on`` names), ``connection`` (a Ray, and one task of it), ``stream`` (many tasks, in order),
``work`` (what a worker does; it knows no Ray), ``nodes`` (whether every node can do it), ``reading`` and ``asking``. The ledger
and the journal keep their one writer, here.
"""

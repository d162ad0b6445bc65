"""Past one machine, on Ray: other machines read and embed files and answer lists of questions, and many servers serve one home.

Reading order: ``connection`` (a Ray, and one task of it), ``stream`` (many tasks, in order), ``work`` and ``workbench`` (what a
worker does and keeps; they know no Ray), ``nodes`` (whether every node can do it), ``ingest_workers`` and ``batch_asker``.
The ledger and the journal keep their one writer, here. Many servers: ``replicas`` (what is deployed), ``head`` and
``publisher`` (the one that writes), ``replica_collections`` (what a replica holds).
"""

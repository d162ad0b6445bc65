"""What a question asks of the lexical index: its terms with their idf, a glossary's synonyms, and tantivy's query for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from qeu_rag.index.glossary import Concept
from qeu_rag.text.match import Asked, Synonym
from qeu_rag.text.notation import is_japanese
from qeu_rag.text.terms import Analyzer

FIELDS = ("bigram", "word")


def terms_of(analyzer: Analyzer, field: str, text: str) -> list[str]:
    """The terms of ``text`` in one field."""
    return analyzer.bigram_terms(text) if field == "bigram" else analyzer.word_terms(text)


class QuestionSide:
    """Asks one open tantivy index; it lives no longer than its searcher. What tantivy raises is the caller's to turn."""

    def __init__(self, schema: Any, searcher: Any, analyzer: Analyzer) -> None:
        self._schema = schema
        self._searcher = searcher
        self._analyzer = analyzer
        self._whole = int(searcher.num_docs)

    def asked(self, field: str, question: str, concepts: Sequence[Concept]) -> Asked:
        """The terms of ``question`` in one field with their idf, and what counts as much.

        A concept is as rare as all its terms are together: where its other terms are common, the question's own weigh less.
        """
        terms = list(dict.fromkeys(terms_of(self._analyzer, field, self._analyzer.subject(question))))
        weights = {term: self.idf(field, term) for term in terms}
        synonyms = []
        for concept in concepts:
            said = frozenset(terms_of(self._analyzer, field, concept.said)) & weights.keys()
            others = (tuple(terms_of(self._analyzer, field, other)) for other in concept.others)
            known = [other for other in others if _says_enough(field, other) and self._known(field, other)]
            if said and known:
                found = self._rarity(field, [tuple(said), *known])
                alone = self._rarity(field, [tuple(said)])
                weights |= {term: weights[term] * min(1.0, found / alone) for term in said}
                synonyms.append(Synonym(terms=said, others=tuple(_runs(other) for other in known)))
        return Asked(weights=weights, synonyms=tuple(synonyms))

    def scores(self, field: str, asked: Asked, k: int) -> dict[tuple[int, int], float]:
        """The best ``k`` addresses by one field's BM25 (k1 1.2, b 0.75: tantivy's own), divided by its maximum.

        Of a concept the best of its terms counts alone, and no other term more than the question's own could.
        Rounded, as the last digits depend on how tantivy grouped the chunks into segments.
        """
        import tantivy

        if not asked.weights or not self._whole:
            return {}
        inside = frozenset().union(*(synonym.terms for synonym in asked.synonyms))
        query = self._any([self._term(field, term) for term in asked.weights if term not in inside])
        parts = [(tantivy.Occur.Should, query)] if len(inside) < len(asked.weights) else []
        for synonym in asked.synonyms:
            parts.append((tantivy.Occur.Should, self._best_of(field, asked, synonym)))
        found = self._searcher.search(tantivy.Query.boolean_query(parts), k, count=False).hits
        top = max((score for score, _ in found), default=0.0) or 1.0
        return {(address.segment_ord, address.doc): round(score / top, 6) for score, address in found}

    def evidence(self, question: str, concepts: Sequence[Concept], asked: Sequence[Asked]) -> Asked:
        """The question's evidence terms with their idf and synonyms; ``asked``: what ``asked`` gives of each field."""
        fields = {field: one.weights for field, one in zip(FIELDS, asked, strict=True)}
        weights = {}
        for term in self._analyzer.question_terms(question):
            field, bare = field_of(term)
            weights[term] = fields[field].get(bare) or self.idf(field, bare)
        synonyms = []
        for concept in concepts:
            said = frozenset(self._analyzer.evidence_terms(concept.said)) & weights.keys()
            others = (self._analyzer.evidence_terms(other) for other in concept.others)
            # A Japanese character alone is no pair.
            known = tuple(filter(None, (_runs([term for term in other if len(term) > 1]) for other in others)))
            if said and known:
                synonyms.append(Synonym(terms=said, others=known))
        return Asked(weights=weights, synonyms=tuple(synonyms))

    def idf(self, field: str, term: str) -> float:
        """The inverse document frequency of ``term`` as in BM25; larger is rarer."""
        return _idf_of(self._searcher.doc_freq(field, term), self._whole)

    def _best_of(self, field: str, asked: Asked, synonym: Synonym) -> Any:
        """A query for the question's own terms of a concept or one of its others whole, whichever a chunk has best."""
        import tantivy

        own = sorted(synonym.terms)
        weight = math.fsum(asked.weights[term] for term in own)
        queries = [_boosted(self._any([self._term(field, t) for t in own]), weight / self._total(field, own))]
        for runs in synonym.others:
            terms = sorted({term for run in runs for term in run.split(" ")})
            queries.append(_boosted(self._all(field, terms), weight / self._total(field, terms)))
        return tantivy.Query.disjunction_max_query(queries)

    def _term(self, field: str, term: str) -> Any:
        import tantivy

        return tantivy.Query.term_query(self._schema, field, term, "freq")

    def _any(self, queries: Sequence[Any]) -> Any:
        import tantivy

        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])

    def _all(self, field: str, terms: Sequence[str]) -> Any:
        import tantivy

        return tantivy.Query.boolean_query([(tantivy.Occur.Must, self._term(field, term)) for term in terms])

    def _total(self, field: str, terms: Iterable[str]) -> float:
        return math.fsum(self.idf(field, term) for term in terms) or 1.0

    def _known(self, field: str, terms: Sequence[str]) -> bool:
        """Whether every one of ``terms`` stands in some chunk."""
        return all(self._searcher.doc_freq(field, term) for term in terms)

    def _rarity(self, field: str, phrases: Sequence[Sequence[str]]) -> float:
        """The idf of holding one of ``phrases`` whole."""
        query = self._any([self._all(field, phrase) for phrase in phrases])
        return _idf_of(self._searcher.search(query, 1, count=True).count, self._whole)


def field_of(evidence_term: str) -> tuple[str, str]:
    """The field of an evidence term (``w:`` stands before a word), and the term as it stands there."""
    return ("word", evidence_term[2:]) if evidence_term.startswith("w:") else ("bigram", evidence_term)


def _idf_of(found: int, whole: int) -> float:
    """The inverse document frequency as in BM25 of what stands in ``found`` of ``whole`` chunks."""
    found = min(found, whole)
    return math.log(1.0 + (whole - found + 0.5) / (found + 0.5))


def _says_enough(field: str, terms: Sequence[str]) -> bool:
    """A Japanese character alone is no pair: it would only be found where nothing stands beside it."""
    return bool(terms) and (field == "word" or any(len(term) > 1 for term in terms))


def _runs(terms: Sequence[str]) -> tuple[str, ...]:
    """``terms`` of one phrase as they stand beside each other where terms are kept: words and pairs, each script apart."""
    grouped = groupby(terms, key=lambda term: (term.startswith("w:"), is_japanese(term)))
    return tuple(" ".join(group) for _, group in grouped)


def _boosted(query: Any, factor: float) -> Any:
    import tantivy

    return tantivy.Query.boost_query(query, factor)

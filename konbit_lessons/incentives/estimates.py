"""What ``estimate`` returns: a question answered, and all that may be asked of the answer.

Takes the answers; what takes time is worked out when it is first looked at.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.imputation import imputed as with_imputed_answers
from konbit_lessons.incentives.prediction import METHODS as WITH_PROBABILITY
from konbit_lessons.incentives.prediction import prediction as prediction_of
from konbit_lessons.incentives.result import Answered
from konbit_lessons.incentives.robustness import robustness as specification_curve
from konbit_lessons.incentives.sandwich import covariates_of, fit_of
from konbit_lessons.incentives.shown import NOT_SHOWN, shown_covariates, shown_curve, shown_missing
from konbit_lessons.incentives.shown import shown as as_shown


@dataclass(frozen=True)
class Estimates(Answered):
    """Which incentives predict participation.

    ``table``: one row per incentive in the order asked; ``estimate`` is the average marginal effect as a proportion:
    0.12 is 12 percentage points (per unit for an amount). Where the data cannot tell, ``reason`` says why, std_error,
    interval and p are NaN, and the penalized interval (it ignores clustering) and a permutation p stand beside.
    ``fit``: the fitted model as statsmodels has it, with these standard errors; ``covariates``: the effects of the
    other columns of the formula, with their intervals.
    ``joint``: the test that none of the estimable incentives predicts anything (F, df_num, df_denom, p_value, terms),
    or None where there is none, or there are too many for the clusters to carry such a test. ``left_out``: rows dropped
    for a missing value, by column. ``not_estimable``: term, label, reason, explanation.
    ``coefficients``: of every design column, in log-odds (linear: as proportions).
    ``rate``: share of the n rows that took part. ``clusters``: cluster column → number of clusters.
    ``labels``: column → the words for it, as given.
    ``factors``: incentive of several kinds → the test that none of its kinds differs (as ``joint``); in ``table``,
    ``against`` is the kind that a row is compared with. ``groups``, of ``by``: the effects within each group, with the
    column ``group``, and rows "difference: second − first"; else None. ``exploratory``: p-values are adjusted by
    Benjamini and Hochberg. ``detectable``, ``e_value``, ``e_value_limit``: see ``detectable`` and ``evalue``.
    ``asked``: the rows and the question, for ``robustness`` and ``imputed``. ``smallest``: no figure is about fewer
    organizations, see ``shown``.
    """

    @cached_property
    def fit(self):
        """The fitted model as statsmodels has it, with the standard errors and degrees of freedom of this result.

        ``fit.summary()``, ``fit.params``, ``fit.conf_int()``, ``fit.predict(rows)`` and so on. With two cluster columns
        a standard error is that of ``clusters.Clusterings.basis``, and the covariances are scaled to it.
        """
        if self.smallest > 1:
            raise ModelError(
                "fit: found a result that may be shared; the fit tells of every incentive. Ask the result before it."
            )
        return fit_of(self.answers)

    @cached_property
    def covariates(self):
        """The effects of the formula's other columns on the outcome, each with its interval.

        One row per column: term, label, estimate (per unit of a number; of a kind against the first), std_error, df,
        conf_low, conf_high. They are adjusted for, not asked about: none has a p-value.
        """
        found = covariates_of(self.answers, self.labels)
        return found if self.smallest <= 1 else shown_covariates(found, self.answers.design, self.smallest)

    def shown(self, smallest, also_hidden=()):
        """This result as a report may show it: nothing about fewer than ``smallest`` organizations.

        ``also_hidden``: terms whose numbers another figure hides; theirs are not told here either.
        """
        return as_shown(self, smallest, also_hidden)

    @cached_property
    def robustness(self):
        """The specification curve of this result, a ``Robustness``; computed when it is first looked at."""
        curve = specification_curve(self, imputed=self.imputed)
        return replace(curve, table=shown_curve(curve.table, self.table))

    @cached_property
    def imputed(self):
        """The estimates with missing answers of organizations imputed, an ``Imputed``, or None.

        None where no row was left out, or where rows are not grouped by ``organization_id``: a group's answer does not
        stand for its rows there.
        """
        if not len(self.left_out) or next(iter(self.clusters)) != "organization_id":
            return None
        found = with_imputed_answers(self)
        hidden = found.table["term"].isin(self.table.loc[self.table["reason"] == NOT_SHOWN, "term"])
        return replace(found, table=found.table[~hidden], missing=shown_missing(found.missing, self.smallest))

    @cached_property
    def prediction(self):
        """How well the model tells groups it has not seen, a ``Prediction``; None where it gives no probability."""
        few = min(self.clusters.values()) < 10 or self.asked[1]["method"] not in WITH_PROBABILITY
        return None if few else prediction_of(self)

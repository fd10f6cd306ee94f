"""One function per promise of the interface; its docstring is the promise."""

from crmmodels.testing.checks import answers, engines, kinds, process, refusals, state

CHECKS = (
    # First, before another check can have changed what these look for.
    process.check_process_unchanged,
    process.check_nothing_written,
    state.check_unfitted_raises,
    state.check_fit_returns_self,
    state.check_parameters_unchanged,
    state.check_input_unchanged,
    state.check_failed_fit_keeps_state,
    state.check_refit_equals_fit,
    state.check_record_is_read_only,
    state.check_data_not_kept,
    state.check_json_round_trip,
    state.check_every_parameter_saved,
    state.check_instances_apart,
    state.check_threads_agree,
    answers.check_index_and_columns_kept,
    answers.check_finite,
    answers.check_row_order_irrelevant,
    answers.check_one_equals_among_others,
    answers.check_large_tables_agree,
    answers.check_labels_monotone,
    answers.check_summary_adds_up,
    refusals.check_missing_column_refused,
    refusals.check_extra_columns_ignored,
    refusals.check_duplicate_keys_refused,
    refusals.check_missing_keys_refused,
    refusals.check_missing_values_refused,
    kinds.check_number_types_agree,
    engines.check_polars_agrees,
    engines.check_pyarrow_agrees,
    engines.check_duckdb_agrees,
)

__all__ = ["CHECKS"]

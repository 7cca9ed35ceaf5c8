"""Values that the clouds refuse, or that nobody here has met: instance types, architectures, database parameters."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from preview.analysis.consequences.context import (
    Context,
    at_risk,
    changed_inputs,
    new_inputs,
    old_inputs,
    refused,
    unknown,
)
from preview.changes import Change, Effect
from preview.resource_types import prices, type_names
from preview.resource_types.record import names

PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.(?:nano|micro|small|medium|large|metal(?:-\d+xl)?|\d*xlarge)")


def values(context: Context, change: Change) -> Iterator[Effect]:
    if change.action not in ("created", "updated", "replaced", "rolling"):
        return
    if change.type == type_names.LAUNCH_TEMPLATE and "instanceType" in _changed(change):
        yield from _instance_type(context, str(new_inputs(change).get("instanceType", "")), "EC2")
    elif change.type == type_names.DATABASE and "instanceClass" in _changed(change):
        name = str(new_inputs(change).get("instanceClass", ""))
        if not name.startswith("db."):
            yield refused(f"{name} is no class of RDS, whose names begin with db.")
        else:
            yield from _instance_type(context, name.removeprefix("db."), "RDS")
    elif change.type == PARAMETER_GROUP:
        yield from _parameters(change)


def _changed(change: Change) -> tuple[str, ...]:
    if change.action == "created":
        return tuple(new_inputs(change))
    return changed_inputs(change)


def _instance_type(context: Context, name: str, service: str) -> Iterator[Effect]:
    """A name that AWS's price list of some region has is one; a size of a known family that none has is not."""
    if not name or name.startswith("«"):
        return
    if not _INSTANCE_TYPE.fullmatch(name):
        yield refused(f"{name} is no instance type")
        return
    known = _known_types()
    region = str(context.after.config.get("aws:region", ""))
    family = name.partition(".")[0]
    if name in known.get(region, ()) or service == "RDS":
        return
    everywhere = frozenset().union(*known.values())
    if name in everywhere and known.get(region):
        yield unknown(
            f"whether {region} has {name} is not known here: its price list of 2025 does not name it"
        )
    elif name not in everywhere and any(other.partition(".")[0] == family for other in everywhere):
        yield refused(f"{family} has no size {name.partition('.')[2]}")
    elif name not in everywhere:
        yield unknown(f"whether {name} is an instance type is not known here")


@functools.cache
def _known_types() -> dict[str, frozenset[str]]:
    """Instance types by region, as far as the price table has them."""
    return {
        file.stem: frozenset(prices.regional(file.stem).get("ec2", {}))
        for file in prices.REGIONS.glob("*.json")
    }


# Database parameters -----------------------------------------------------------------------------------------------------

# What RDS for PostgreSQL lists as not modifiable: it runs the engine itself.
_FIXED = frozenset(
    names(
        """
        fsync full_page_writes wal_sync_method data_directory config_file hba_file ident_file external_pid_file
        listen_addresses port unix_socket_directories unix_socket_group unix_socket_permissions archive_command archive_mode
        archive_library restore_command ssl_ca_file ssl_cert_file ssl_key_file ssl_crl_file log_directory log_file_mode
        logging_collector data_checksums allow_system_table_mods zero_damaged_pages ignore_checksum_failure
        """
    )
)
# Known to be modifiable there. Whatever is in neither list is reported as unknown.
_MODIFIABLE = frozenset(
    names(
        """
        application_name array_nulls authentication_timeout autovacuum autovacuum_analyze_scale_factor
        autovacuum_analyze_threshold autovacuum_freeze_max_age autovacuum_max_workers
        autovacuum_multixact_freeze_max_age autovacuum_naptime autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit
        autovacuum_vacuum_insert_scale_factor autovacuum_vacuum_insert_threshold autovacuum_vacuum_scale_factor
        autovacuum_vacuum_threshold autovacuum_work_mem backend_flush_after bgwriter_delay bgwriter_flush_after
        bgwriter_lru_maxpages bgwriter_lru_multiplier bytea_output check_function_bodies checkpoint_completion_target
        checkpoint_flush_after checkpoint_timeout checkpoint_warning client_encoding client_min_messages commit_delay
        commit_siblings constraint_exclusion cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction
        datestyle deadlock_timeout debug_pretty_print debug_print_parse debug_print_plan debug_print_rewritten
        default_statistics_target default_tablespace default_toast_compression default_transaction_deferrable
        default_transaction_isolation default_transaction_read_only effective_cache_size effective_io_concurrency
        enable_bitmapscan enable_hashagg enable_hashjoin enable_incremental_sort enable_indexonlyscan enable_indexscan
        enable_material enable_memoize enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash
        enable_partition_pruning enable_partitionwise_aggregate enable_partitionwise_join enable_seqscan enable_sort
        enable_tidscan escape_string_warning exit_on_error extra_float_digits force_parallel_mode from_collapse_limit
        geqo geqo_effort geqo_threshold gin_fuzzy_search_limit gin_pending_list_limit hash_mem_multiplier
        hot_standby_feedback huge_pages idle_in_transaction_session_timeout idle_session_timeout intervalstyle
        jit jit_above_cost jit_inline_above_cost jit_optimize_above_cost join_collapse_limit lc_messages lc_monetary
        lc_numeric lc_time lock_timeout log_autovacuum_min_duration log_checkpoints log_connections log_disconnections
        log_duration log_error_verbosity log_executor_stats log_hostname log_line_prefix log_lock_waits
        log_min_duration_sample log_min_duration_statement log_min_error_statement log_min_messages
        log_parameter_max_length log_parameter_max_length_on_error log_parser_stats log_planner_stats
        log_recovery_conflict_waits log_replication_commands log_rotation_age log_rotation_size log_statement
        log_statement_sample_rate log_statement_stats log_temp_files log_transaction_sample_rate logical_decoding_work_mem
        maintenance_io_concurrency maintenance_work_mem max_connections max_files_per_process max_locks_per_transaction
        max_logical_replication_workers max_parallel_maintenance_workers max_parallel_workers
        max_parallel_workers_per_gather max_pred_locks_per_transaction max_prepared_transactions max_replication_slots
        max_slot_wal_keep_size max_stack_depth max_standby_archive_delay max_standby_streaming_delay
        max_sync_workers_per_subscription max_wal_senders max_wal_size max_worker_processes min_dynamic_shared_memory
        min_parallel_index_scan_size min_parallel_table_scan_size min_wal_size old_snapshot_threshold
        parallel_leader_participation parallel_setup_cost parallel_tuple_cost password_encryption
        pg_stat_statements.max pg_stat_statements.save pg_stat_statements.track pg_stat_statements.track_planning
        pg_stat_statements.track_utility pgaudit.log pgaudit.log_catalog pgaudit.log_level pgaudit.log_parameter
        pgaudit.log_relation pgaudit.log_statement_once pgaudit.role plan_cache_mode quote_all_identifiers
        random_page_cost rds.adaptive_autovacuum rds.allowed_extensions rds.force_admin_logging_level
        rds.force_autovacuum_logging_level rds.force_ssl rds.log_retention_period rds.logical_replication
        rds.pg_stat_ramdisk_size rds.rds_superuser_reserved_connections rds.restrict_password_commands
        recovery_init_sync_method search_path seq_page_cost session_replication_role shared_buffers
        shared_preload_libraries ssl ssl_ciphers ssl_max_protocol_version ssl_min_protocol_version statement_timeout
        superuser_reserved_connections synchronize_seqscans synchronous_commit tcp_keepalives_count tcp_keepalives_idle
        tcp_keepalives_interval tcp_user_timeout temp_buffers temp_file_limit temp_tablespaces timezone
        track_activities track_activity_query_size track_commit_timestamp track_counts track_functions track_io_timing
        track_wal_io_timing transform_null_equals vacuum_cost_delay vacuum_cost_limit vacuum_cost_page_dirty
        vacuum_cost_page_hit vacuum_cost_page_miss vacuum_defer_cleanup_age vacuum_failsafe_age vacuum_freeze_min_age
        vacuum_freeze_table_age vacuum_multixact_failsafe_age vacuum_multixact_freeze_min_age
        vacuum_multixact_freeze_table_age wal_buffers wal_compression wal_keep_size wal_receiver_create_temp_slot
        wal_receiver_status_interval wal_receiver_timeout wal_sender_timeout wal_writer_delay wal_writer_flush_after
        work_mem xmlbinary xmloption auto_explain.log_min_duration auto_explain.log_analyze auto_explain.log_buffers
        auto_explain.log_format auto_explain.log_nested_statements auto_explain.log_timing auto_explain.log_triggers
        auto_explain.log_verbose auto_explain.sample_rate cron.database_name cron.log_run cron.log_statement
        cron.max_running_jobs cron.use_background_workers
        """
    )
)


def _parameters(change: Change) -> Iterator[Effect]:
    family = str(new_inputs(change).get("family", ""))
    if family and not family.startswith("postgres"):
        return
    old, new = _by_name(old_inputs(change)), _by_name(new_inputs(change))
    for name in sorted(new):
        if new[name] == old.get(name):
            continue
        if name in _FIXED:
            yield refused(f"RDS does not let {name} be set")
        elif name not in _MODIFIABLE:
            yield unknown(f"whether RDS has a parameter {name} that can be set is not known here")
        elif name == "synchronous_commit" and new[name] in ("off", "0", "local"):
            yield at_risk(
                f"synchronous_commit {new[name]}: the last transactions before a crash are lost, though confirmed"
            )
        elif name == "autovacuum" and new[name] in ("off", "0"):
            yield at_risk(
                "without autovacuum the database stops taking writes when its transaction ids run out"
            )
        elif name == "default_transaction_read_only" and new[name] in ("on", "1"):
            yield at_risk("every session reads only unless it says otherwise")


def _by_name(inputs: dict[str, Any]) -> dict[str, str]:
    listed = inputs.get("parameters") or []
    found = {str(item.get("name")): item.get("value") for item in listed if isinstance(item, dict)}
    return {name: str(value).lower() for name, value in found.items() if value is not None}

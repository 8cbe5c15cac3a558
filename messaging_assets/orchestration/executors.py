"""Which of Dagster's executors takes the steps of a run: one variable says it, and each is imported only when named."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

from dagster import ExecutorDefinition, in_process_executor, multiprocess_executor

from messaging_assets.foundation.failures import MendSettings

EXECUTOR_VARIABLE = "MESSAGING_ASSETS_EXECUTOR"


def chosen_executor(default: ExecutorDefinition | None = None) -> ExecutorDefinition | None:
    """The executor that the variable names.

    Args:
        default: what it is where the variable says nothing.

    Raises:
        MendSettings: the variable holds another word, or the executor's package is not installed.
    """
    word = os.environ.get(EXECUTOR_VARIABLE)
    if not word:
        return default
    if word not in _EXECUTORS:
        *most, last = _EXECUTORS
        raise MendSettings(f"it is '{word}'", f"set it to {', '.join(most)} or {last}", where=EXECUTOR_VARIABLE)
    try:
        return _EXECUTORS[word]()
    except ImportError:
        step = f"pip install 'messaging_assets[{word}]'"
        raise MendSettings(f"the package of '{word}' is not installed", step, where=EXECUTOR_VARIABLE) from None


def _multiprocess() -> ExecutorDefinition:
    # A fork server imports Dagster and dlt once, and not in every step.
    modules = ["dagster", "messaging_assets.orchestration.api_definitions"]
    return multiprocess_executor.configured({"start_method": {"forkserver": {"preload_modules": modules}}})


def _of(module: str, name: str) -> ExecutorDefinition:
    found: ExecutorDefinition = getattr(import_module(module), name)
    return found


_EXECUTORS: dict[str, Callable[[], ExecutorDefinition]] = {
    "in_process": lambda: in_process_executor,
    "multiprocess": _multiprocess,
    # Where the broker is, Celery's own CELERY_BROKER_URL says, to workers and runs alike.
    "celery": lambda: _of("dagster_celery", "celery_executor"),
    # Image, namespace and secrets are those of the run's own pod.
    "k8s": lambda: _of("dagster_k8s", "k8s_job_executor"),
}

"""The component of a Dagster project, by the name that `defs.yaml` files give it."""

from messaging_assets.orchestration.component import RestApi

__all__ = ["RestApi"]

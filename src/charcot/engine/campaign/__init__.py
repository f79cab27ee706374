"""Campaigns: a job of very many patients, computed chunk by chunk into a folder, on threads or on a cluster.

A chunk is a task that may be run again at any time, anywhere: it depends on nothing but the job and its own span of
patients, and it appears in the folder whole or not at all. A campaign that was killed goes on from its finished chunks.
"""

from charcot.engine.campaign.errors import (
    CampaignError,
    ChunkFailed,
    ClusterTrouble,
    FolderBusy,
    FolderInTheWay,
    NotWritten,
    OtherJob,
)
from charcot.engine.campaign.folder import Folder, Span, default_chunk
from charcot.engine.campaign.job import ArraySpec, Block, Job
from charcot.engine.campaign.run import run

__all__ = [
    "ArraySpec",
    "Block",
    "CampaignError",
    "ChunkFailed",
    "ClusterTrouble",
    "Folder",
    "FolderBusy",
    "FolderInTheWay",
    "Job",
    "NotWritten",
    "OtherJob",
    "Span",
    "default_chunk",
    "run",
]

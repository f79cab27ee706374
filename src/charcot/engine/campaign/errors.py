"""What can end a campaign, in the user's words; finished chunks are kept in every case.

Each error takes its whole message as its one argument, so that it travels from a cluster's worker unchanged.
"""

from charcot.core.errors import EXIT_CHECK_FAILED, CharcotError


class CampaignError(CharcotError):
    """Base of everything that ends a campaign on purpose."""


class FolderInTheWay(CampaignError):
    """Something that is no campaign stands where the folder should be."""


class FolderBusy(CampaignError):
    """Another process is at work in the folder."""


class OtherJob(CampaignError):
    """The folder belongs to another job, or to the same job under another program or kind of machine."""


class NotWritten(CampaignError):
    """A finished chunk could not be stored."""


class ClusterTrouble(CampaignError):
    """The cluster cannot be reached, has no workers, or went away."""


class ChunkFailed(CampaignError):
    """The computation of a chunk broke down."""

    exit_code = EXIT_CHECK_FAILED

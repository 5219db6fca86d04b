"""``cosmodag galaxies filter``."""

from cosmodag.commands.options import output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.galaxies.outputs import HEADERS, PATH_LIST, REJECTIONS


@stage(
    epilog="Example: cosmodag galaxies filter --path stamps --shape '[3, 256, 256]'"
    " --accepted accepted.txt --rejected rejected.tsv"
)
@output("List of the accepted files, one path per line.", PATH_LIST, "--accepted")
@output(
    "List of the rejected files, one path and reason per line, separated by a tab.",
    REJECTIONS,
    "--rejected",
)
@output(
    "Table of the headers of the accepted files for other commands, Parquet.",
    HEADERS,
    "--headers",
    required=False,
)
@settings_options("galaxies/sources/*/folder")
@threads
def command(path, accepted, rejected, headers, shape, accept_larger, threads, **settings):
    """List the files of a folder whose stamps have a given shape.

    Only the headers of the files are read.
    """
    import os

    from cosmodag.galaxies.stamps.stamp_filter import filter_stamps
    from cosmodag.galaxies.stamps.stamp_format import StampFormat

    given = {key: value for key, value in settings.items() if value is not None}
    filter_stamps(
        os.path.expandvars(path),
        accepted,
        rejected,
        headers=headers,
        shape=shape,
        accept_larger=accept_larger,
        stamp_format=StampFormat.from_mapping(given),
        threads=threads,
    )

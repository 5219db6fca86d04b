"""``cosmodag galaxies filter``."""

from cosmodag.commands.options import output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.galaxies.outputs import PATH_LIST, REJECTIONS


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
@settings_options("galaxies/sources/*/folder")
@threads
def command(path, accepted, rejected, threads, **settings):
    """List the files of a folder whose stamps have a given shape.

    Only the headers of the files are read.
    """
    import os

    from cosmodag.galaxies.stamps.stamp_filter import filter_stamps

    filter_stamps(os.path.expandvars(path), accepted, rejected, threads=threads, **settings)

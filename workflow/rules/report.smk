# The report of all experiments: one page that opens offline.
#
# Needs:  results/<experiment>/runs/<run>/{metrics.json,history.csv,figures}
#         other results that an experiment's part of the report shows
# Makes:  results/report.html


use rule learning_report as report with:
    input:
        runs=[path for files in all_files.values() for path in files.metrics],
        details=[path for files in all_files.values() for path in files.details],
        products=[path for files in all_files.values() for path in files.products],
    output:
        report(
            f"{results}/report.html",
            caption="../report/page.rst",
            category="Reports",
            labels={"result": "all experiments"},
        ),
    log:
        f"{results}/logs/report.log",
    benchmark:
        f"{results}/benchmarks/report.tsv"

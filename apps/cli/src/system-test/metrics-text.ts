import type { JourneyReport } from './run-journeys.ts';

/** The reports in the text format of Prometheus, e.g. for the node exporter's textfile collector; `now`: milliseconds since 1970. */
export function metricsText(reports: readonly JourneyReport[], now: number): string {
  const labelled = (name: string, value: (report: JourneyReport) => number): string[] =>
    reports.map((report) => `${name}{journey="${report.journey}"} ${value(report)}`);
  return [
    '# HELP runnel_system_test_success Whether the journey ended well',
    '# TYPE runnel_system_test_success gauge',
    ...labelled('runnel_system_test_success', ({ passed }) => (passed ? 1 : 0)),
    '# HELP runnel_system_test_duration_seconds How long the journey took',
    '# TYPE runnel_system_test_duration_seconds gauge',
    ...labelled('runnel_system_test_duration_seconds', ({ seconds }) => Number(seconds.toFixed(3))),
    '# HELP runnel_system_test_timestamp_seconds When the system test ended',
    '# TYPE runnel_system_test_timestamp_seconds gauge',
    `runnel_system_test_timestamp_seconds ${Math.round(now / 1000)}`,
  ].join('\n');
}

/** One of prom-client's default metrics. The package has no types for them. */
declare module 'prom-client/lib/metrics/*.js' {
  function collect(registry: object, options: { eventLoopMonitoringPrecision: number }): void;
  export default collect;
}

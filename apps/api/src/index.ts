export { ApiConfig } from './config.ts';
export { startApi, type ApiOptions, type RunningApi } from './start.ts';

export * from './free-port.ts';
export * from './launch.ts';
export * from './lock-folder.ts';
export * from './nats-server.ts';
export * from './postgres-binaries.ts';
export * from './postgres-server.ts';
export * from './processes.ts';

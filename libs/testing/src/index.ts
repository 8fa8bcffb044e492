export * from './database.ts';
export * from './eventually.ts';
export * from './messaging.ts';
export * from './versitygw.ts';

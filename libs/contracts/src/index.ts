export * from './contract.ts';
export * from './shapes.ts';
export * from './messages.ts';

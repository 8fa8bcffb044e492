export * from './contract.ts';
export * from './shapes.ts';
export * from './messages.ts';
export * from './routing.ts';
export * from './events-markdown.ts';
export * from './async-api.ts';
export * from './cloud-event.ts';

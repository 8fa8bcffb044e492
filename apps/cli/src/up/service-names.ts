/** The five services, in the order in which they start. */
export const serviceNames = ['api', 'scheduler', 'executor', 'ingester', 'harvester'] as const;
export type ServiceName = (typeof serviceNames)[number];

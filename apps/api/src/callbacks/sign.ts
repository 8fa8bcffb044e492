import { createHmac } from 'node:crypto';

/** Key with which callbacks of a workspace are signed: made of the service's secret, so that none has to be stored. */
export function callbackKey(secret: string, workspace: string): string {
  return createHmac('sha256', secret).update(`callback:${workspace}`).digest('hex');
}

/** `t=1790000000,v1=…`: HMAC-SHA256 of `{t}.{body}`; the time keeps a message from being sent again by others. */
export function signatureOf(key: string, body: Buffer, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000);
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.`).update(body).digest('hex')}`;
}

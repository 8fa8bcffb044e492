import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** What an executor asks the api about one attempt; the names of the fields are part of what is proved. */
export interface SecretQuestion {
  readonly ask: string;
  readonly workspace: string;
  readonly run: string;
  readonly step: string;
  readonly attempt: number;
  readonly executor: string;
  /** Public half of the pair made for this question. */
  readonly key: string;
}

/** What an attempt is given: environment variables by name, and the values of secret inputs by the references that stand for them. */
export interface GivenSecrets {
  readonly environment: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, string>>;
}

const purpose = 'runnel secrets of an attempt';

/** Proof that somebody asks who holds the key that executors and the api share. */
export function proveQuestion(sharedKey: string, question: SecretQuestion): string {
  const { ask, workspace, run, step, attempt, executor, key } = question;
  return createHmac('sha256', sharedKey)
    .update(JSON.stringify([purpose, ask, workspace, run, step, attempt, executor, key]))
    .digest('base64url');
}

export function isProved(sharedKey: string, question: SecretQuestion, proof: string): boolean {
  const [expected, given] = [Buffer.from(proveQuestion(sharedKey, question)), Buffer.from(proof)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** A pair of keys for one question: its answer can be read by nobody else on the bus, and not later either. */
export function questionKeys(): { readonly publicKey: string; open(this: void, sealed: string): GivenSecrets } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const encoded = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  return {
    publicKey: encoded,
    open: (sealed) => {
      const [other = '', iv = '', tag = '', text = ''] = sealed.split('.');
      const key = agreedKey(privateKey.export({ type: 'pkcs8', format: 'der' }), Buffer.from(other, 'base64url'));
      const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url')).setAuthTag(Buffer.from(tag, 'base64url'));
      const plain = Buffer.concat([cipher.update(Buffer.from(text, 'base64url')), cipher.final()]);
      return JSON.parse(plain.toString()) as GivenSecrets;
    },
  };
}

/** Seals an answer for the key of its question. Throws where that is no X25519 key. */
export function sealAnswer(publicKey: string, given: GivenSecrets): string {
  const own = generateKeyPairSync('x25519');
  const key = agreedKey(own.privateKey.export({ type: 'pkcs8', format: 'der' }), Buffer.from(publicKey, 'base64url'));
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const text = Buffer.concat([cipher.update(JSON.stringify(given)), cipher.final()]);
  const ownPublic = own.publicKey.export({ type: 'spki', format: 'der' });
  return [ownPublic, iv, cipher.getAuthTag(), text].map((part) => part.toString('base64url')).join('.');
}

function agreedKey(privateKey: Buffer, publicKey: Buffer): Buffer {
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: privateKey, type: 'pkcs8', format: 'der' }),
    publicKey: createPublicKey({ key: publicKey, type: 'spki', format: 'der' }),
  });
  return Buffer.from(hkdfSync('sha256', shared, '', purpose, 32));
}

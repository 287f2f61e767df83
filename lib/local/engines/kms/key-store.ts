import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AwsError } from '../aws-json.ts';

export type KeySpec = 'SYMMETRIC_DEFAULT' | 'HMAC_256' | 'ECC_NIST_P256';

export type Key = {
  readonly keyId: string;
  readonly arn: string;
  readonly spec: KeySpec;
  /** With the prefix `alias/`. */
  readonly alias?: string;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Base64: 32 bytes, or a P-256 private key as PKCS #8. */
  readonly material: string;
};

export type KeyRequest = {
  /** Last part of the ARN; random when neither is given. */
  readonly keyId?: string;
  readonly arn?: string;
  readonly spec: KeySpec;
  /** With or without the prefix `alias/`. */
  readonly alias?: string;
};

const KEY_ID = /^[A-Za-z0-9-]{1,128}$/;

const makeMaterial = (spec: KeySpec): string =>
  spec === 'ECC_NIST_P256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ format: 'der', type: 'pkcs8' })
        .toString('base64')
    : randomBytes(32).toString('base64');

/** The keys, each in one file that only its owner may read, so that what was encrypted before a restart can be read
 * after it. */
export class KeyStore {
  readonly #directory: string;
  readonly #arnPrefix: string;
  readonly #keys = new Map<string, Key>();

  private constructor(directory: string, arnPrefix: string) {
    this.#directory = directory;
    this.#arnPrefix = arnPrefix;
  }

  /** @param arnPrefix for keys made without an ARN, such as `arn:aws:kms:eu-central-1:000000000000:key/`. */
  static async open(directory: string, arnPrefix: string): Promise<KeyStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const store = new KeyStore(directory, arnPrefix);
    for (const name of await readdir(directory)) {
      if (!name.endsWith('.json')) continue;
      const key: Key = JSON.parse(await readFile(join(directory, name), 'utf8'));
      store.#keys.set(key.arn, key);
    }
    return store;
  }

  /** Makes a key, or returns the one of that id which is there already.
   * @throws RangeError when the id cannot be a key's, or the key there has another spec. */
  async create(request: KeyRequest, now: number): Promise<Key> {
    const keyId = request.keyId ?? request.arn?.split(':key/')[1] ?? randomUUID();
    if (!KEY_ID.test(keyId)) throw new RangeError(`${keyId} cannot be a key id`);
    const arn = request.arn ?? `${this.#arnPrefix}${keyId}`;
    const present = this.#keys.get(arn);
    if (present !== undefined) {
      if (present.spec !== request.spec)
        throw new RangeError(`key ${keyId} is there with the spec ${present.spec}`);
      return present;
    }
    const alias =
      request.alias === undefined ? {} : { alias: `alias/${request.alias.replace(/^alias\//, '')}` };
    const key: Key = {
      keyId,
      arn,
      spec: request.spec,
      ...alias,
      createdAt: now,
      material: makeMaterial(request.spec),
    };
    await this.#write(key);
    this.#keys.set(arn, key);
    return key;
  }

  async #write(key: Key): Promise<void> {
    const name = `${key.arn.replace(/[^A-Za-z0-9-]/g, '_')}.json`;
    const file = await open(join(this.#directory, name), 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(key));
    } finally {
      await file.close();
    }
  }

  /** Finds a key by id, key ARN, alias or alias ARN.
   * @throws AwsError NotFoundException */
  find(name: string): Key {
    const exact = this.#keys.get(name);
    if (exact !== undefined) return exact;
    const [, region, alias] = /^arn:[^:]+:kms:([^:]*):[^:]*:(alias\/.+)$/.exec(name) ?? [];
    for (const key of this.#keys.values()) {
      if (key.keyId === name || key.alias === name) return key;
      if (alias !== undefined && key.alias === alias && key.arn.split(':')[3] === region) return key;
    }
    throw new AwsError('NotFoundException', `Key '${name}' does not exist`);
  }
}

import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  IncorrectKeyException,
  InvalidCiphertextException,
  InvalidKeyUsageException,
  KMSClient,
  KMSInvalidMacException,
  KMSInvalidSignatureException,
  NotFoundException,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KmsEngine, startKms } from '../../../lib/local/engines/kms.ts';
import { listenersOf } from './listeners.ts';

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/mac-1';
const text = (value: string): Uint8Array => Buffer.from(value);

let folder: string;
let engine: KmsEngine;
let kms: KMSClient;

const start = async (): Promise<void> => {
  engine = await startKms({ directory: join(folder, 'kms'), region: 'eu-central-1' });
  kms = new KMSClient({
    endpoint: engine.url,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-'));
  await start();
  await engine.createKey({ arn: ARN, spec: 'HMAC_256', alias: 'mac' });
  await engine.createKey({ keyId: 'data-1', spec: 'SYMMETRIC_DEFAULT', alias: 'alias/data' });
  await engine.createKey({ keyId: 'data-2', spec: 'SYMMETRIC_DEFAULT' });
  await engine.createKey({ keyId: 'sign-1', spec: 'ECC_NIST_P256' });
});

afterAll(async () => {
  kms.destroy();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const mac = async (KeyId: string, message = 'label'): Promise<Uint8Array | undefined> =>
  (await kms.send(new GenerateMacCommand({ KeyId, Message: text(message), MacAlgorithm: 'HMAC_SHA_256' })))
    .Mac;

describe('keys', () => {
  it('are found by id, ARN, alias and alias ARN', async () => {
    const byArn = await mac(ARN);
    expect(byArn).toHaveLength(32);
    for (const name of ['mac-1', 'alias/mac', 'arn:aws:kms:eu-central-1:111122223333:alias/mac'])
      expect(await mac(name)).toEqual(byArn);
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/data' }));
    expect(KeyMetadata).toMatchObject({ KeyId: 'data-1', KeyState: 'Enabled', KeyUsage: 'ENCRYPT_DECRYPT' });
  });

  it('that are missing or of another use are refused with typed errors', async () => {
    await expect(mac('missing')).rejects.toBeInstanceOf(NotFoundException);
    await expect(mac('arn:aws:kms:us-east-1:111122223333:alias/mac')).rejects.toBeInstanceOf(
      NotFoundException,
    );
    await expect(mac('data-1')).rejects.toBeInstanceOf(InvalidKeyUsageException);
    await expect(engine.createKey({ keyId: '../x', spec: 'HMAC_256' })).rejects.toThrow('cannot be a key id');
    await expect(engine.createKey({ keyId: 'data-1', spec: 'HMAC_256' })).rejects.toThrow(
      'SYMMETRIC_DEFAULT',
    );
  });

  it('are on disk for their owner only, and the same after a restart', async () => {
    for (const name of await readdir(join(folder, 'kms')))
      expect((await stat(join(folder, 'kms', name))).mode & 0o777).toBe(0o600);
    const before = await mac(ARN);
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: 'data-1', Plaintext: text('x') }));
    kms.destroy();
    await engine.stop();
    await start();
    await engine.createKey({ arn: ARN, spec: 'HMAC_256', alias: 'mac' });
    expect(await mac(ARN)).toEqual(before);
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }));
    expect(Plaintext).toEqual(new Uint8Array(text('x')));
  });
});

describe('MACs', () => {
  it('differ by message, and verify only for theirs', async () => {
    const Mac = await mac(ARN);
    expect(await mac(ARN, 'other')).not.toEqual(Mac);
    const verifyMac = (message: string) =>
      kms.send(
        new VerifyMacCommand({ KeyId: ARN, Message: text(message), Mac, MacAlgorithm: 'HMAC_SHA_256' }),
      );
    expect((await verifyMac('label')).MacValid).toBe(true);
    await expect(verifyMac('other')).rejects.toBeInstanceOf(KMSInvalidMacException);
  });
});

describe('encryption', () => {
  const EncryptionContext = { table: 'profiles', row: '1' };

  it('needs the same context, in any order, to decrypt', async () => {
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId: 'alias/data', Plaintext: text('secret'), EncryptionContext }),
    );
    const decrypt = (context: Record<string, string> | undefined) =>
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
    const { Plaintext } = await decrypt({ row: '1', table: 'profiles' });
    expect(Buffer.from(Plaintext ?? []).toString()).toBe('secret');
    for (const wrong of [undefined, {}, { table: 'profiles' }, { table: 'profiles', row: '2' }])
      await expect(decrypt(wrong)).rejects.toBeInstanceOf(InvalidCiphertextException);
  });

  it('refuses a changed byte, bytes that are no ciphertext, and another key', async () => {
    const { CiphertextBlob = new Uint8Array() } = await kms.send(
      new EncryptCommand({ KeyId: 'data-1', Plaintext: text('secret') }),
    );
    const changed = Buffer.from(CiphertextBlob);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const wrong of [changed, Buffer.from('nonsense'), CiphertextBlob.subarray(0, 40)])
      await expect(kms.send(new DecryptCommand({ CiphertextBlob: wrong }))).rejects.toBeInstanceOf(
        InvalidCiphertextException,
      );
    const withOther = kms.send(new DecryptCommand({ CiphertextBlob, KeyId: 'data-2' }));
    await expect(withOther).rejects.toBeInstanceOf(IncorrectKeyException);
  });

  it('makes data keys that decrypt to themselves', async () => {
    const made = await kms.send(
      new GenerateDataKeyCommand({ KeyId: 'data-1', KeySpec: 'AES_256', EncryptionContext }),
    );
    expect(made.Plaintext).toHaveLength(32);
    const { CiphertextBlob } = made;
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(Plaintext).toEqual(made.Plaintext);
    const hidden = await kms.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId: 'data-1', NumberOfBytes: 64 }),
    );
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob: hidden.CiphertextBlob }));
    expect(opened.Plaintext).toHaveLength(64);
    await expect(kms.send(new GenerateDataKeyCommand({ KeyId: 'data-1' }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('gives random bytes', async () => {
    const { Plaintext } = await kms.send(new GenerateRandomCommand({ NumberOfBytes: 33 }));
    expect(Plaintext).toHaveLength(33);
  });
});

describe('signatures', () => {
  const SigningAlgorithm = 'ECDSA_SHA_256';
  const digest = createHash('sha256').update('checkpoint').digest();
  const messages = { RAW: text('checkpoint'), DIGEST: digest } as const;

  it.each(['RAW', 'DIGEST'] as const)(
    'over a %s message verify with the public key elsewhere',
    async (MessageType) => {
      const Message = messages[MessageType];
      const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId: 'sign-1' }));
      const publicKey = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
      for (let round = 0; round < 20; round++) {
        const { Signature = new Uint8Array() } = await kms.send(
          new SignCommand({ KeyId: 'sign-1', Message, MessageType, SigningAlgorithm }),
        );
        expect(verify('sha256', text('checkpoint'), publicKey, Signature)).toBe(true);
      }
    },
  );

  it('verify whether the message is given whole or as its digest, and not for another', async () => {
    const { Signature } = await kms.send(
      new SignCommand({ KeyId: 'sign-1', Message: messages.RAW, SigningAlgorithm }),
    );
    const check = (MessageType: 'RAW' | 'DIGEST', Message: Uint8Array, signature = Signature) =>
      kms.send(
        new VerifyCommand({ KeyId: 'sign-1', Message, MessageType, Signature: signature, SigningAlgorithm }),
      );
    expect((await check('RAW', messages.RAW)).SignatureValid).toBe(true);
    expect((await check('DIGEST', messages.DIGEST)).SignatureValid).toBe(true);
    const other = createHash('sha256').update('other').digest();
    await expect(check('RAW', text('other'))).rejects.toBeInstanceOf(KMSInvalidSignatureException);
    await expect(check('DIGEST', other)).rejects.toBeInstanceOf(KMSInvalidSignatureException);
    await expect(check('DIGEST', digest, text('nonsense'))).rejects.toBeInstanceOf(
      KMSInvalidSignatureException,
    );
    await expect(check('DIGEST', text('short'))).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

it('listens on 127.0.0.1 only', async () => {
  expect(await listenersOf(engine.port)).toEqual(['127.0.0.1']);
});

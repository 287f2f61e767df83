import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export type JsonMap = { readonly [name: string]: Json };

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonMap;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly Metadata?: JsonMap;
}

/** The parts of a CloudFormation template that a region reads. */
export interface Template {
  readonly Parameters?: {
    readonly [name: string]: {
      readonly Type: string;
      readonly Default?: Json;
      readonly AllowedPattern?: string;
      readonly ConstraintDescription?: string;
    };
  };
  readonly Mappings?: JsonMap;
  readonly Conditions?: JsonMap;
  readonly Resources: { readonly [logicalId: string]: TemplateResource };
}

/** One synthesized stack: its template, where it would be deployed, and the folders of its function bundles. */
export interface SynthesizedStack {
  /** Lower-case jurisdiction code, from the stack name `Rapport-<code>`. */
  readonly jurisdiction: string;
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  readonly template: Template;
  /** Folder of the asset that is uploaded under this object key (`<hash>.zip`). */
  assetFolder(objectKey: string): string | undefined;
}

/** Account number on one machine; AWS gives it to nobody. */
export const LOCAL_ACCOUNT = '000000000000';

interface AssemblyManifest {
  readonly artifacts: {
    readonly [id: string]: {
      readonly type: string;
      readonly environment?: string;
      readonly properties?: { readonly templateFile?: string; readonly stackName?: string };
    };
  };
}
interface AssetManifest {
  readonly files?: {
    readonly [hash: string]: {
      readonly source: { readonly path?: string };
      readonly destinations: { readonly [id: string]: { readonly objectKey: string } };
    };
  };
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

/** Reads the stacks of a cloud assembly (`cdk.out`), in the order of its manifest. Works without the CDK CLI's
 * `aws:asset:path`: function code is found through `<stack>.assets.json`.
 * @throws UserError when the folder holds no assembly. */
export function readAssembly(directory: string): readonly SynthesizedStack[] {
  let manifest: AssemblyManifest;
  try {
    manifest = readJson<AssemblyManifest>(join(directory, 'manifest.json'));
  } catch (cause) {
    throw new UserError(
      `${directory} holds no synthesized app (no readable manifest.json): run cdk synth first`,
      { cause },
    );
  }
  return Object.entries(manifest.artifacts).flatMap(([id, artifact]) => {
    const file = artifact.properties?.templateFile;
    if (artifact.type !== 'aws:cloudformation:stack' || file === undefined) return [];
    const stackName = artifact.properties?.stackName ?? id;
    const [account, region] = (artifact.environment ?? '').replace('aws://', '').split('/');
    return [
      {
        jurisdiction: stackName.slice(stackName.indexOf('-') + 1).toLowerCase(),
        stackName,
        account: account === undefined || !/^\d{12}$/.test(account) ? LOCAL_ACCOUNT : account,
        region: region === undefined || region.startsWith('unknown') ? 'us-east-1' : region,
        template: readJson<Template>(join(directory, file)),
        assetFolder: assetFolders(directory, id),
      },
    ];
  });
}

function assetFolders(directory: string, artifactId: string): (objectKey: string) => string | undefined {
  const folders = new Map<string, string>();
  const manifest = readJson<AssetManifest>(join(directory, `${artifactId}.assets.json`));
  for (const file of Object.values(manifest.files ?? {})) {
    for (const destination of Object.values(file.destinations)) {
      if (file.source.path !== undefined)
        folders.set(destination.objectKey, join(directory, file.source.path));
    }
  }
  return (objectKey) => folders.get(objectKey);
}

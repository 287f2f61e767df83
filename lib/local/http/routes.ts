/** One route of an HTTP API. */
export interface Route {
  /** `POST /v1/batch`, `GET /v1/subjects/{subjectId}`, `ANY /x/{rest+}` or `$default`. */
  readonly key: string;
  readonly functionArn: string;
  /** Absent: open to everybody. */
  readonly authorizer?: {
    readonly issuer: string;
    readonly audiences: readonly string[];
    readonly scopes: readonly string[];
  };
  readonly throttle?: { readonly ratePerSecond: number; readonly burst: number };
}

export interface RouteMatch<R extends Route> {
  readonly route: R;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Compiled<R extends Route> {
  readonly route: R;
  readonly method: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  /** Literal parts count most, then parameters, then greedy ones: API Gateway takes the most specific route. */
  readonly rank: number;
}

/** Makes what finds the most specific route for a request. */
export function routeTable<R extends Route>(
  routes: readonly R[],
): (method: string, path: string) => RouteMatch<R> | undefined {
  const fallback = routes.find((route) => route.key === '$default');
  const exact = new Map<string, R>();
  const compiled: Compiled<R>[] = [];
  for (const route of routes) {
    if (route.key === '$default') continue;
    if (!route.key.includes('{') && !route.key.startsWith('ANY ')) exact.set(route.key, route);
    else compiled.push(compile(route));
  }
  compiled.sort((one, other) => other.rank - one.rank);
  return (method, path) => {
    const route = exact.get(`${method} ${path}`);
    if (route !== undefined) return { route, parameters: {} };
    for (const candidate of compiled) {
      if (candidate.method !== 'ANY' && candidate.method !== method) continue;
      const match = candidate.pattern.exec(path);
      if (match === null) continue;
      return {
        route: candidate.route,
        parameters: Object.fromEntries(
          candidate.names.map((name, at) => [name, decode(match[at + 1] ?? '')]),
        ),
      };
    }
    return fallback === undefined ? undefined : { route: fallback, parameters: {} };
  };
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

function compile<R extends Route>(route: R): Compiled<R> {
  const [method = '', path = ''] = route.key.split(' ');
  const names: string[] = [];
  let rank = method === 'ANY' ? 0 : 1;
  const parts = path
    .split('/')
    .slice(1)
    .map((part) => {
      const [, name, greedy] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? [];
      if (name === undefined) {
        rank += 100;
        return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      }
      names.push(name);
      rank += greedy === '+' ? 2 : 10;
      return greedy === '+' ? '(.+)' : '([^/]+)';
    });
  return { route, method, pattern: new RegExp(`^/${parts.join('/')}$`), names, rank };
}

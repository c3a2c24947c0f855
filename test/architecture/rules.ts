import { doors, rooms, type Room } from './rooms';

/** A rule of dependency-cruiser, as far as it is used here. */
interface Rule {
  readonly name: string;
  readonly severity: 'error';
  readonly from: { readonly path: string; readonly pathNot?: readonly string[] };
  readonly to: {
    readonly path?: readonly string[];
    readonly pathNot?: readonly string[];
    readonly circular?: boolean;
    readonly dependencyTypes?: readonly string[];
    readonly dependencyTypesNot?: readonly string[];
  };
}

/** Pattern of the files of a room. */
export function roomPattern(room: Room): string {
  return room.file ? `^lib/${room.name}\\.ts$` : `^lib/${room.name}/`;
}

/** Configuration of dependency-cruiser for a tree whose sources are in `lib/`. */
export function architectureConfig(): object {
  return {
    forbidden: [...rooms.map(arrowRule), ...Object.entries(doors).map(([pattern, places]) => doorRule(pattern, places)), ...otherRules],
    options: {
      // Imports of types alone count, too: they bind two rooms together as much as any other.
      tsPreCompilationDeps: true,
      doNotFollow: { path: ['node_modules'] },
      // Compiled files lie beside the sources. Excluding every .js would take the packages behind the doors out, too.
      exclude: { path: ['^lib/.*\\.(js|d\\.ts)$'] },
      enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['require', 'node', 'types'] },
    },
  };
}

/** A room imports from itself and from the rooms it may import. */
function arrowRule(room: Room): Rule {
  const allowed = rooms.filter(({ name }) => name === room.name || room.mayImport.includes(name)).map(roomPattern);
  return { name: `arrows of ${room.name}`, severity: 'error', from: { path: roomPattern(room) }, to: { path: ['^lib/'], pathNot: allowed } };
}

/** A package is imported in its places only. `pattern` is of a module's name; dependency-cruiser sees where it was found. */
export function doorRule(pattern: string, places: readonly string[]): Rule {
  const name = pattern.replace(/^\^/, '').replace(/(\(\/\|\$\)|\$)$/, '');
  return {
    name: `door to ${name}`,
    severity: 'error',
    from: { path: '^lib/', pathNot: places.map((place) => (place.endsWith('.ts') ? `^${place.replace('.', '\\.')}$` : `^${place}/`)) },
    to: { path: packagePatterns(name) },
  };
}

function packagePatterns(name: string): readonly string[] {
  return ['', 'node_modules/', 'node_modules/@types/'].map((folder) => `^${folder}${name}(/|$)`);
}

const otherRules: readonly Rule[] = [
  { name: 'no cycles', severity: 'error', from: { path: '^lib/' }, to: { circular: true } },
  { name: 'ports import types only', severity: 'error', from: { path: '^lib/ports/' }, to: { dependencyTypesNot: ['type-only'] } },
  {
    name: 'adapters are strangers',
    severity: 'error',
    from: { path: '^lib/(communicators|hosts)/([^/]+)/' },
    to: { path: ['^lib/(communicators|hosts)/'], pathNot: ['^lib/$1/$2/'] },
  },
  {
    name: 'lib imports nothing beside it',
    severity: 'error',
    from: { path: '^lib/' },
    // The version is in package.json.
    to: { dependencyTypes: ['local'], pathNot: ['^lib/', '^package\\.json$'] },
  },
];

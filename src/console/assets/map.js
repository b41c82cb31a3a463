// The map: boxes by place, coloured by free ports, on canvas. What stands here stands below it as a list, too; without this script,
// the page asks and answers all the same.
(() => {
  const place = document.getElementById("map");
  if (!place || !window.L) return;
  const told = place.dataset;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const number = (text) => (text ? Number(text.replace(",", ".")) : NaN);
  const spot = [number(told.latitude), number(told.longitude)];
  const named = spot.every(Number.isFinite);

  const map = L.map(place, { preferCanvas: true, zoomControl: false, attributionControl: Boolean(told.tiles), maxZoom: 20 });
  L.control.zoom({ zoomInTitle: told.in, zoomOutTitle: told.out }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (told.tiles) {
    map.attributionControl.setPrefix(false);
    L.tileLayer(told.tiles, { maxZoom: 20, attribution: told.credit, alt: "" }).addTo(map);
  }
  const grid = L.layerGroup().addTo(map);
  const things = L.layerGroup().addTo(map);
  const found = L.layerGroup().addTo(map);

  // Without tiles, lines of whole degrees or parts of them tell how far is how far.
  const rule = () => {
    grid.clearLayers();
    if (told.tiles) return;
    const seen = map.getBounds();
    const wide = seen.getEast() - seen.getWest();
    const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30].find((size) => wide / size < 12) || 60;
    const look = { color: colour("line"), weight: 1, interactive: false };
    for (let at = Math.ceil(seen.getWest() / step) * step; at < seen.getEast(); at += step) {
      L.polyline([[seen.getSouth(), at], [seen.getNorth(), at]], look).addTo(grid);
    }
    for (let at = Math.ceil(seen.getSouth() / step) * step; at < seen.getNorth(); at += step) {
      L.polyline([[at, seen.getWest()], [at, seen.getEast()]], look).addTo(grid);
    }
  };

  const words = (free, total) => told.free.replace("%f", free).replace("%t", total);

  // Who opens a box goes on to its ports. Made of elements and not of text: a box may be called anything.
  const about = (id, name, free, total) => {
    const box = document.createElement("div");
    const link = box.appendChild(document.createElement("a"));
    link.href = `/boxes/${id}`;
    link.textContent = name;
    box.appendChild(document.createElement("div")).textContent = words(free, total);
    return box;
  };

  // A box without a free port is hollow: its colour is not all that tells.
  const box = (at, id, name, free, total, missing) => {
    const tone = colour(missing ? "soft" : free > 2 ? "good" : free > 0 ? "warn" : "bad");
    const look = { radius: 7, color: tone, weight: 2, fillColor: tone, fillOpacity: free > 0 ? 0.75 : 0, bubblingMouseEvents: false };
    return L.circleMarker(at, look).bindPopup(() => about(id, name, free, total));
  };

  const group = (one) => {
    const look = { radius: 6 + Math.min(18, Math.sqrt(one.count)), color: colour("calm"), weight: 1, fillColor: colour("calm"), fillOpacity: 0.5, bubblingMouseEvents: false };
    const drawn = L.circleMarker([one.latitude, one.longitude], look);
    drawn.on("click", () => map.setView([one.latitude, one.longitude], map.getZoom() + 2));
    return drawn.bindTooltip(told.group.replace("%c", one.count));
  };

  let asking = null;
  const look = async () => {
    rule();
    asking?.abort();
    asking = new AbortController();
    const seen = map.getBounds();
    const within = (degrees, most) => Math.max(-most, Math.min(most, degrees)).toFixed(6);
    const bbox = [within(seen.getWest(), 180), within(seen.getSouth(), 90), within(seen.getEast(), 180), within(seen.getNorth(), 90)];
    try {
      const answer = await fetch(`/map/boxes?project=${told.project}&bbox=${bbox.join(",")}`, { signal: asking.signal });
      if (!answer.ok) return;
      const view = await answer.json();
      things.clearLayers();
      for (const one of view.groups) group(one).addTo(things);
      for (const one of view.boxes) {
        box([one.latitude, one.longitude], one.id_caixa_optica, one.nome, one.disponiveis, one.total, one.missing_since).addTo(things);
      }
      place.dataset.drawn = view.groups.length + view.boxes.length;
    } catch (gone) {
      if (gone.name !== "AbortError") throw gone;
    }
  };

  let soon = 0;
  map.on("moveend", () => { clearTimeout(soon); soon = setTimeout(look, 120); });

  // What was asked, and what was found.
  const radius = number(told.radius);
  if (named) {
    const mark = { radius: 5, color: colour("first"), fillOpacity: 1, interactive: false };
    L.circleMarker(spot, mark).addTo(found);
    if (Number.isFinite(radius)) L.circle(spot, { radius, color: colour("first"), weight: 2, fillOpacity: 0.05, interactive: false }).addTo(found);
  }
  for (const row of document.querySelectorAll("#near tbody tr")) {
    const { id, name, latitude, longitude, free, total } = row.dataset;
    box([Number(latitude), Number(longitude)], id, name, Number(free), Number(total)).addTo(found);
  }

  // Where to begin: at what was asked, at the project, or over Brazil.
  const extent = told.extent ? told.extent.split(",").map(Number) : null;
  if (named && Number.isFinite(radius)) map.fitBounds(L.latLng(spot).toBounds(radius * 2.2));
  else if (named) map.setView(spot, 17);
  else if (extent) map.fitBounds([[extent[1], extent[0]], [extent[3], extent[2]]], { maxZoom: 17 });
  else map.setView([-14, -52], 4);

  // A click asks at that place.
  const question = document.getElementById("question");
  if (question) {
    map.on("click", ({ latlng }) => {
      const at = latlng.wrap();
      question.elements.latitude.value = at.lat.toFixed(6);
      question.elements.longitude.value = at.lng.toFixed(6);
      if (question.elements.endereco) question.elements.endereco.value = "";
      question.requestSubmit();
    });
  }
})();

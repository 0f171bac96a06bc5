"use strict";
// The normal-normal posterior of ticked trials, computed in the page; its numbers are those of meta.bayes.
(function () {
  var STEPS = 1400, REACH = 6.5, ROOT2 = Math.SQRT2, LOG2PI = Math.log(2 * Math.PI);
  var PANELS = [0, 0.02, 0.06, 0.12, 0.2, 0.3, 0.45, 0.65, 1, 1.5, 2.2, 3.2, 4.6, REACH];
  var NODES = [-0.906179845938664, -0.5384693101056831, 0, 0.5384693101056831, 0.906179845938664];
  var WEIGHTS = [0.23692688505618908, 0.47862867049936647, 0.5688888888888889, 0.47862867049936647,
    0.23692688505618908];

  // log of the normal distribution function: a series near 0, a continued fraction in the tail
  function logPhi(x) {
    if (x > 5) return Math.log1p(-Math.exp(logPhi(-x)));
    var z = -x / ROOT2;
    if (z < 2.2) return Math.log(0.5 - 0.5 * erf(z));
    var f = 0;
    for (var n = 60; n > 0; n--) f = n / 2 / (z + f);
    return -z * z - Math.log(2 * Math.sqrt(Math.PI)) - Math.log(z + f);
  }
  function erf(z) {
    var term = z, sum = z, n = 0;
    while (Math.abs(term) > 1e-17 * Math.abs(sum)) {
      n += 1;
      term *= -z * z / n;
      sum += term / (2 * n + 1);
      if (n > 200) break;
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }
  function logBetween(low, high) {
    if (low === -Infinity && high === Infinity) return 0;
    if (low > 0) return logBetween(-high, -low);
    if (low === -Infinity) return logPhi(high);
    if (high === Infinity) return logPhi(-low);
    if (high > 0) return Math.log1p(-Math.exp(logPhi(low)) - Math.exp(logPhi(-high)));
    var top = logPhi(high);
    return top + Math.log1p(-Math.exp(logPhi(low) - top));
  }
  function logNormal(y, mu, s) {
    var z = (y - mu) / s;
    return -0.5 * z * z - Math.log(s) - 0.5 * LOG2PI;
  }
  function logLikelihood(effect, mu, s) {
    if (effect.kind === "exact") return logNormal(effect.y, mu, s);
    if (effect.kind === "bound") {
      var low = effect.low === null ? -Infinity : effect.low, high = effect.high === null ? Infinity : effect.high;
      return logBetween((low - mu) / s, (high - mu) / s);
    }
    var parts = effect.mixture.map(function (pair) { return Math.log(pair[1]) + logNormal(pair[0], mu, s); });
    var top = Math.max.apply(null, parts);
    return top + Math.log(parts.reduce(function (sum, part) { return sum + Math.exp(part - top); }, 0));
  }
  function tauNodes(low, high) {
    var edges = PANELS.slice(0, 9).map(function (x) { return x * low; });
    for (var i = 1; i < 4; i++) edges.push(low * Math.pow(high / low, i / 4));
    edges = edges.concat(PANELS.slice(8).map(function (x) { return x * high; }));
    var nodes = [];
    for (i = 1; i < edges.length; i++) {
      var half = (edges[i] - edges[i - 1]) / 2, middle = (edges[i] + edges[i - 1]) / 2;
      if (half <= 0) continue;
      for (var j = 0; j < 5; j++) nodes.push({ tau: middle + half * NODES[j], weight: half * WEIGHTS[j] });
    }
    return nodes;
  }
  // Density of mu under each prior, on equal steps around which the bar stands between two nodes.
  function densities(effects, priors, bar) {
    var sds = priors.map(function (p) { return p.effect_sd; }), taus = priors.map(function (p) { return p.tau_sd; });
    var reach = Math.max(REACH * Math.max.apply(null, sds), 1.2 * Math.abs(bar)), step = 2 * reach / STEPS;
    var first = bar + (Math.ceil((-reach - bar) / step) + 0.5) * step, mu = [], i, j, k;
    for (i = 0; i <= STEPS; i++) mu.push(first + i * step);
    var nodes = tauNodes(Math.min.apply(null, taus), Math.max.apply(null, taus)), logs = [], peak = -Infinity;
    for (k = 0; k < nodes.length; k++) {
      var row = new Float64Array(mu.length);
      for (j = 0; j < effects.length; j++) {
        var s = Math.sqrt(effects[j].v + nodes[k].tau * nodes[k].tau);
        for (i = 0; i < mu.length; i++) row[i] += logLikelihood(effects[j], mu[i], s);
      }
      for (i = 0; i < mu.length; i++) if (row[i] > peak) peak = row[i];
      logs.push(row);
    }
    return priors.map(function (prior) {
      var density = new Float64Array(mu.length);
      for (k = 0; k < nodes.length; k++) {
        var t = nodes[k].tau / prior.tau_sd, weight = nodes[k].weight * Math.exp(-0.5 * t * t);
        for (i = 0; i < mu.length; i++) density[i] += weight * Math.exp(logs[k][i] - peak);
      }
      var total = 0;
      for (i = 0; i < mu.length; i++) {
        var z = mu[i] / prior.effect_sd;
        density[i] *= Math.exp(-0.5 * z * z);
        total += density[i];
      }
      for (i = 0; i < mu.length; i++) density[i] /= total;
      return { mu: mu, density: density, step: step };
    });
  }
  function below(found, bar) {
    var sum = 0, i = 0;
    while (i < found.mu.length && found.mu[i] < bar) sum += found.density[i++];
    if (i > 0 && i < found.mu.length) sum += (found.density[i] - found.density[i - 1]) / 24;
    return Math.min(Math.max(sum, 0), 1);
  }
  function mean(found) {
    var sum = 0;
    for (var i = 0; i < found.mu.length; i++) sum += found.density[i] * found.mu[i];
    return sum;
  }
  function at(xs, ys, x) {
    var low = 0, high = xs.length - 1;
    if (x <= xs[0]) return ys[0];
    if (x >= xs[high]) return ys[high];
    while (high - low > 1) {
      var middle = (low + high) >> 1;
      if (xs[middle] <= x) low = middle; else high = middle;
    }
    return xs[high] > xs[low] ? ys[low] + (ys[high] - ys[low]) * (x - xs[low]) / (xs[high] - xs[low]) : ys[low];
  }
  // The shortest interval: the density is the same at both ends.
  function shortest(found, level) {
    var cdf = [], edges = [], sum = 0, i;
    for (i = 0; i < found.mu.length; i++) {
      sum += found.density[i];
      cdf.push(sum);
      edges.push(found.mu[i] + found.step / 2);
    }
    function ends(p) { return [at(cdf, edges, p), at(cdf, edges, p + level)]; }
    function gap(p) {
      var pair = ends(p);
      return at(found.mu, found.density, pair[1]) - at(found.mu, found.density, pair[0]);
    }
    var low = 1e-9, high = 1 - level - 1e-9;
    for (i = 0; i < 60; i++) {
      var middle = (low + high) / 2;
      if (gap(middle) > 0) low = middle; else high = middle;
    }
    return ends((low + high) / 2);
  }
  function decide(rule, p, wide, k, computed) {
    var leaning = p >= rule.support ? "supported" : p <= rule.contradict ? "contradicted" : "inconclusive", why = [];
    var agrees = leaning === "supported" ? wide >= rule.support : wide <= rule.contradict;
    if (leaning === "inconclusive") why.push("the probability lies between " + percent(rule.contradict) + " and " +
      percent(rule.support));
    if (k < rule.min_studies) why.push(k + (k === 1 ? " trial" : " trials") + " where the rule asks for " +
      rule.min_studies);
    if (computed < rule.min_computed) why.push("bounds alone do not decide");
    if (leaning !== "inconclusive" && !agrees) why.push("a prior twice as wide moves the probability to " +
      percent(wide));
    return { conclusion: why.length ? "inconclusive" : leaning, reasons: why };
  }
  function bar(data, claimed) {
    if (claimed === null) return 0;
    return data.margin * (data.ratio ? Math.log(claimed) : claimed);
  }
  function effectOf(study, knobs) {
    var place = 0;
    study.uses.forEach(function (name) { place = place * knobs[name].size + knobs[name].at; });
    return study.effects[place];
  }
  // state: {ticked: [bool], knobs: {name: {at, size}}, claimed: number or null}
  function answer(data, state) {
    var effects = data.studies.map(function (study, i) {
      return state.ticked[i] ? effectOf(study, state.knobs) : { kind: "none" };
    }).filter(function (effect) { return effect.kind !== "none"; });
    if (!effects.length) return { k: 0, conclusion: "untestable", reasons: ["no trial is ticked that can be computed with"] };
    var edge = bar(data, state.claimed), factor = data.rule.prior_factor, prior = data.prior;
    var wider = { effect_sd: factor * prior.effect_sd, tau_sd: factor * prior.tau_sd };
    var found = densities(effects, [prior, wider], edge), side = data.side === "below";
    var p = below(found[0], edge), wide = below(found[1], edge), before = Math.exp(logPhi(edge / prior.effect_sd));
    if (!side) { p = 1 - p; wide = 1 - wide; before = 1 - before; }
    var computed = effects.filter(function (effect) { return effect.kind === "exact"; }).length;
    var out = { k: effects.length, computed: computed, estimate: mean(found[0]), interval: shortest(found[0], 0.95),
      probability: p, wide: wide, prior: before, bar: edge, density: found[0] };
    var verdict = data.judged ? decide(data.rule, p, wide, effects.length, computed)
      : { conclusion: "untestable", reasons: ["the trials measure something that stands in for what is claimed"] };
    out.conclusion = verdict.conclusion;
    out.reasons = verdict.reasons;
    return out;
  }
  function percent(share) {
    var value = 100 * share;
    if (value > 0 && value < 0.1) return "under 0.1%";
    if (value < 100 && value > 99.9) return "over 99.9%";
    return (Math.round(value * 10) / 10).toString() + "%";
  }
  function read(data, x) { return (data.ratio ? Math.exp(x) : x).toFixed(2); }
  function inWords(data, x) {
    if (!data.ratio) return read(data, x) + " SD";
    var change = Math.round(100 * (Math.exp(x) - 1));
    return change === 0 ? "no difference" : Math.abs(change) + "% " + (change < 0 ? "less" : "more");
  }
  function sentences(data, found) {
    if (!found.k) return ["No trial is ticked that can be computed with: untestable."];
    var span = read(data, found.interval[0]) + " to " + read(data, found.interval[1]);
    var lines = [(found.k === 1 ? "1 trial" : found.k + " trials") + ": " + inWords(data, found.estimate) + " (" +
      data.scale + " " + read(data, found.estimate) + ", 95% interval " + span + ")."];
    if (data.judged) lines.push("Probability of an effect " + data.asked + ": " + percent(found.probability) +
      "; before any trial " + percent(found.prior) + "; with a prior twice as wide " + percent(found.wide) + ".");
    lines.push("Verdict: " + found.conclusion + (found.reasons.length ? " (" + found.reasons.join("; ") + ")" : "") + ".");
    return lines;
  }

  function make(tag, parent, text) {
    var node = document.createElement(tag);
    if (text) node.textContent = text;
    parent.appendChild(node);
    return node;
  }
  function draw(svg, data, found, claimed) {
    var names = "http://www.w3.org/2000/svg", width = 480, height = 130, base = 100;
    while (svg.firstChild) svg.removeChild(svg.firstChild);
    if (!found.k) { svg.setAttribute("aria-label", "Nothing to draw."); return; }
    var x = found.density.mu, f = found.density.density, top = Math.max.apply(null, f);
    var edge = claimed === null ? 0 : data.ratio ? Math.log(claimed) : claimed;
    var low = Math.min(found.interval[0], edge, 0) - 0.35, high = Math.max(found.interval[1], edge, 0) + 0.35;
    function place(value) { return (value - low) / (high - low) * width; }
    function add(tag, attributes, text) {
      var node = document.createElementNS(names, tag);
      Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
      if (text) node.textContent = text;
      svg.appendChild(node);
    }
    var path = "";
    for (var i = 0; i < x.length; i += 3) if (x[i] > low && x[i] < high) path += (path ? "L" : "M") +
      place(x[i]).toFixed(1) + " " + (base - 75 * f[i] / top).toFixed(1);
    add("path", { d: path, "class": "curve" });
    add("line", { x1: 0, x2: width, y1: base, y2: base, "class": "axis" });
    add("line", { x1: place(found.interval[0]), x2: place(found.interval[1]), y1: base, y2: base, "class": "interval" });
    add("circle", { cx: place(found.estimate), cy: base, r: 5, "class": "point" });
    add("line", { x1: place(0), x2: place(0), y1: 18, y2: base, "class": "axis" });
    add("text", { x: place(0), y: base + 20, "text-anchor": "middle" }, data.ratio ? "1: no effect" : "0: no effect");
    if (claimed !== null) {
      add("line", { x1: place(edge), x2: place(edge), y1: 18, y2: base, "class": "claimed" });
      add("text", { x: place(edge), y: 12, "text-anchor": "middle" }, "claimed " + read(data, edge));
    }
    svg.setAttribute("aria-label", "Curve of what is believable: " + sentences(data, found)[0]);
  }
  function build(root, data) {
    var inputs = [], state = { ticked: [], knobs: {}, claimed: data.claimed };
    var form = make("form", root), trials = make("fieldset", form), said, picture;
    make("legend", trials, "Trials");
    data.studies.forEach(function (study, i) {
      var label = make("label", trials), box = document.createElement("input");
      box.type = "checkbox";
      box.checked = study.ticked;
      box.disabled = study.effects[0].kind === "none" && study.uses.length === 0;
      label.appendChild(box);
      label.appendChild(document.createTextNode(" " + study.label));
      if (study.note) make("small", label, " " + study.note);
      state.ticked.push(study.ticked);
      box.addEventListener("change", function () { state.ticked[i] = box.checked; show(); });
      inputs.push(function () { box.checked = study.ticked; state.ticked[i] = study.ticked; });
    });
    var knobs = make("fieldset", form);
    make("legend", knobs, "What is assumed and claimed");
    function slider(name, id, low, high, start, text, set) {
      var label = make("label", knobs), line = make("span", label, name + ": "), out = make("output", line);
      var range = document.createElement("input");
      range.type = "range";
      range.id = data.name + "-" + id;
      range.min = low;
      range.max = high;
      range.step = 1;
      label.appendChild(range);
      function put(value) {
        range.value = value;
        out.textContent = text(value);
        range.setAttribute("aria-valuetext", text(value));
        set(value);
      }
      range.addEventListener("input", function () { put(Number(range.value)); show(); });
      inputs.push(function () { put(start); });
      put(start);
    }
    data.knobs.forEach(function (knob) {
      state.knobs[knob.id] = { at: knob.start, size: knob.values.length };
      slider(knob.name, knob.id, 0, knob.values.length - 1, knob.start, function (place) {
        return String(knob.values[place]);
      }, function (place) { state.knobs[knob.id].at = place; });
    });
    if (data.judged && data.ratio) slider("Claimed", "claimed", 5, 80, Math.round(100 * (1 - data.claimed)),
      function (value) { return value + "% less"; }, function (value) {
        state.claimed = value === Math.round(100 * (1 - data.claimed)) ? data.claimed : 1 - value / 100;
      });
    var reset = make("button", form, "Back to the primary analysis");
    reset.type = "button";
    reset.addEventListener("click", function () { inputs.forEach(function (put) { put(); }); show(); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    said = make("div", root);
    said.className = "said";
    said.setAttribute("role", "status");
    picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "0 0 480 130");
    picture.setAttribute("role", "img");
    root.appendChild(picture);
    function show() {
      var found = answer(data, state);
      while (said.firstChild) said.removeChild(said.firstChild);
      sentences(data, found).forEach(function (text) { make("p", said, text); });
      draw(picture, data, found, state.claimed);
    }
    show();
  }
  if (typeof document !== "undefined") {
    Array.prototype.forEach.call(document.querySelectorAll(".widget"), function (root) {
      var payload = document.getElementById(root.id + "-data");
      if (root.id.indexOf("explore-") === 0 && payload) build(root, JSON.parse(payload.textContent));
    });
  }
  if (typeof globalThis.exposed !== "undefined") {
    globalThis.exposed.answer = answer;
    globalThis.exposed.logPhi = logPhi;
    globalThis.exposed.logBetween = logBetween;
    globalThis.exposed.sentences = sentences;
  }
})();

<?php
// How HubSoft, or anything that speaks PDO, puts a customer's service on a port, migrates it to another service or closes a
// removal order, and has the platform follow.
//
//   export DATABASE_DSN='pgsql:host=127.0.0.1;dbname=hubsoft' DATABASE_USER=… DATABASE_PASSWORD=…
//   php hubsoft.php ID_PORTA_ATENDIMENTO ID_CLIENTE_SERVICO [SECONDS]
//   php hubsoft.php migrate ID_PORTA_ATENDIMENTO ID_CLIENTE_SERVICO_ANTIGO ID_CLIENTE_SERVICO [SECONDS]
//   php hubsoft.php retire ID_ORDEM_SERVICO [SECONDS]
//
// Needs php-cli and php-pgsql. The database's user is a member of the role `enlace_client`, which may call
// `enlace.enqueue` and `enlace.status` and nothing else; the right to change ports and orders is HubSoft's own.

declare(strict_types=1);

/** Puts the service on the port, in HubSoft and on the platform, or in neither. Returns the id to ask after. */
function bind(PDO $db, int $porta, int $servico): string
{
    $db->beginTransaction();
    try {
        // HubSoft's own change …
        $db->prepare('UPDATE mapping.port SET id_cliente_servico = ? WHERE id_porta_atendimento = ?')
            ->execute([$servico, $porta]);

        // … and in the same transaction the work that follows from it: both are committed, or neither is.
        $enqueue = $db->prepare("SELECT enlace.enqueue('bind', ?)");
        $enqueue->execute([json_encode([
            'id_porta_atendimento' => $porta,
            'id_cliente_servico' => $servico,
        ], JSON_THROW_ON_ERROR)]);
        $id = $enqueue->fetchColumn();

        $db->commit();
        return $id;
    } catch (Throwable $error) {
        $db->rollBack();
        throw $error;
    }
}

/** The old service leaves the port and the new one takes it, in HubSoft and on the platform, or neither. */
function migrate(PDO $db, int $porta, int $antigo, int $novo): string
{
    return together($db, function () use ($db, $porta, $antigo, $novo): string {
        $db->prepare('UPDATE mapping.port SET id_cliente_servico = ? WHERE id_porta_atendimento = ?')
            ->execute([$novo, $porta]);

        // From another port: that one's row is set to null here as well, and named as `id_porta_atendimento_antiga`.
        return enqueue($db, 'migrate', [
            'id_cliente_servico_antigo' => $antigo,
            'id_cliente_servico' => $novo,
            'id_porta_atendimento' => $porta,
        ]);
    });
}

/** The removal order is closed, the work was done: the service leaves its port, which enlace does in HubSoft, too. */
function retire(PDO $db, int $ordem): string
{
    return together($db, function () use ($db, $ordem): string {
        $db->prepare("UPDATE hubsoft.service_order SET status = 'finalizado', status_fechamento = 'concluido',
            data_termino_executado = now() WHERE id_ordem_servico = ?")->execute([$ordem]);
        return enqueue($db, 'retirement', ['id_ordem_servico' => $ordem]);
    });
}

/** Does HubSoft's own change and asks for the work that follows from it: both are committed, or neither is. */
function together(PDO $db, callable $change): string
{
    $db->beginTransaction();
    try {
        $id = $change();
        $db->commit();
        return $id;
    } catch (Throwable $error) {
        $db->rollBack();
        throw $error;
    }
}

/** Asks for work, in the transaction that is under way. */
function enqueue(PDO $db, string $kind, array $payload): string
{
    $enqueue = $db->prepare('SELECT enlace.enqueue(?, ?)');
    $enqueue->execute([$kind, json_encode($payload, JSON_THROW_ON_ERROR)]);
    return $enqueue->fetchColumn();
}

/** The payload's key that enlace refused and why; null for any other error. SQLSTATE 22023 says `key: what is wrong`. */
function refused(PDOException $error): ?array
{
    [$state, , $message] = $error->errorInfo ?? [null, null, ''];
    if ($state !== '22023' || !preg_match('/^ERROR:\s+(\w+): (.+)$/m', $message, $found)) {
        return null;
    }
    return ['key' => $found[1], 'fault' => $found[2]];
}

/** How it stands: kind, status, state, explanation {pt, en}, result. Null where nothing of this id was committed. */
function status(PDO $db, string $id): ?array
{
    $ask = $db->prepare('SELECT kind, status, state, explanation, result FROM enlace.status(?)');
    $ask->execute([$id]);
    $row = $ask->fetch(PDO::FETCH_ASSOC);
    if ($row === false) {
        return null;
    }
    foreach (['explanation', 'result'] as $json) {
        $row[$json] = $row[$json] === null ? null : json_decode($row[$json], true, flags: JSON_THROW_ON_ERROR);
    }
    return $row;
}

/** Asks until it has ended or waits for a person, at most so many seconds. HubSoft need not wait: the work is safe. */
function follow(PDO $db, string $id, float $seconds): array
{
    $settled = ['succeeded', 'not_applicable', 'superseded', 'failed', 'cancelled', 'parked'];
    for ($until = microtime(true) + $seconds; ; usleep(250_000)) {
        $now = status($db, $id) ?? throw new RuntimeException("there is no workflow {$id}");
        if (in_array($now['status'], $settled, true) || microtime(true) >= $until) {
            return $now;
        }
    }
}

// What to do, with how many numbers; without a word it is a bind.
$known = ['bind' => 2, 'migrate' => 3, 'retire' => 1];
$what = array_key_exists($argv[1] ?? '', $known) ? $argv[1] : 'bind';
$numbers = array_slice($argv, $what === ($argv[1] ?? '') ? 2 : 1);
if (count($numbers) < $known[$what]) {
    fwrite(STDERR, "usage: php hubsoft.php ID_PORTA_ATENDIMENTO ID_CLIENTE_SERVICO [SECONDS]\n"
        . "       php hubsoft.php migrate ID_PORTA_ATENDIMENTO ID_CLIENTE_SERVICO_ANTIGO ID_CLIENTE_SERVICO [SECONDS]\n"
        . "       php hubsoft.php retire ID_ORDEM_SERVICO [SECONDS]\n");
    exit(2);
}

$db = new PDO(getenv('DATABASE_DSN'), getenv('DATABASE_USER') ?: null, getenv('DATABASE_PASSWORD') ?: null, [
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
]);

try {
    $id = $what($db, ...array_map('intval', array_slice($numbers, 0, $known[$what])));
} catch (PDOException $error) {
    $refused = refused($error) ?? throw $error;
    fwrite(STDERR, "enlace refuses {$refused['key']}: {$refused['fault']}\n");
    exit(1);
}

echo "workflow {$id}\n";
$now = follow($db, $id, (float) ($numbers[$known[$what]] ?? 10));
echo "{$now['status']}: {$now['explanation']['pt']}\n";

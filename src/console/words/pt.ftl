# O console em português. Cada mensagem existe também em en.ftl; um teste compara os dois.

## A moldura de todas as páginas
skip = Ir para o conteúdo
search-label = Procurar
search-placeholder = Cliente, serviço, documento, caixa, porta, ordem ou operação
theme-auto = Como o sistema
theme-light = Claro
theme-dark = Escuro
sign-out = Sair
menu-label = Menu
menu-overview = Início
menu-workflows = Operações
menu-integrations = Integrações
menu-discrepancies = Divergências
menu-map = Mapa
menu-schedules = Agendamentos
menu-acts = Registro
menu-about = Sobre
menu-tokens = Tokens
role-enqueue = programa
role-viewer = leitura
role-operator = operação
role-admin = administração
time-ago = há { $time }
time-in = em { $time }
count-workflows = { $count ->
    [one] { $shown } operação
   *[other] { $shown } operações
}
to-overview = Voltar ao início

## Entrar
login-title = Entrar
login-about = A ponte entre o HubSoft e a plataforma de mapeamento.
login-token = Token
login-hint = Peça um token a quem administra o enlace. Ele é criado com: enlace tokens create
login-enter = Entrar
login-wrong = Este token não é conhecido aqui, ou foi revogado. Confira se foi copiado inteiro, ou peça outro.
login-throttled = Muitas tentativas sem sucesso. Espere um minuto e tente de novo.
login-program = Este token é de um programa: só inicia operações. Para entrar aqui, peça um de leitura, operação ou administração.

## O que não deu certo
failed-title = Algo deu errado do nosso lado
failed-ours = Nada foi gravado. O registro do enlace diz o que houve; tente de novo e, se continuar, avise quem o administra.
failed-again = Outra pessoa está mudando as mesmas linhas. Tente de novo.
failed-forbidden = Isto não é permitido ao seu token
failed-role = Seu token é de { $role }. Peça a quem administra, ou entre com outro.
failed-stale = O formulário é de outra sessão
failed-stale-text = Nada foi feito. Volte, recarregue a página e envie de novo.
failed-invalid = Um campo não pode ser aceito
failed-missing = Isto não existe
failed-not-now = Isto não faz sentido agora
failed-later = Tente de novo em um momento
failed-nowhere = Não há página em { $path }.

## Palavras do domínio
status-queued = na fila
status-running = em andamento
status-waiting = esperando
status-paused = pausada
status-parked = espera uma pessoa
status-succeeded = feita
status-not-applicable = não se aplica
status-superseded = substituída
status-failed = falhou
status-cancelled = cancelada
kind-sync = sincronização
kind-bind = vínculo
kind-unbind = desvínculo
kind-migrate = migração
kind-retirement = retirada
kind-viability = viabilidade
kind-registration = cadastro
upstream-open = no ar
upstream-slowed = voltando aos poucos
upstream-closed = fechada
upstream-until = até { $at }
upstream-until-opened = até que alguém a abra
phase-begun = começando
phase-boxes = caixas
phase-splitters = splitters
phase-poles = postes
phase-cables = cabos
phase-occupants = clientes nas portas
phase-missing = o que sumiu
phase-finished = concluída
phase-failed = falhou
parked-attempts-spent = as tentativas acabaram
parked-rejected = recusadas pela plataforma ou por uma regra
parked-outcome-unknown = não se sabe se chegaram à plataforma
parked-approval = pedem aprovação
parked-bug = defeito do enlace
parked-undecodable = esta versão do enlace não as conhece
parked-going-in-circles = andam em círculos
integration-inactive = inativa

## Início
overview-people = Esperam por você
overview-nobody = Nada espera por uma pessoa.
overview-oldest = a mais antiga { $ago }
overview-discrepancies = divergências entre o HubSoft e a plataforma
overview-waiting = { $count ->
    [one] { $shown } operação espera por ela
   *[other] { $shown } operações esperam por ela
}
overview-syncing = Sincronizando
overview-synced = Última sincronização { $ago }
overview-never-synced = Nunca foi sincronizada
overview-first-integration = Crie a primeira integração
overview-stands = Em aberto
overview-idle = Nada em aberto: tudo o que o HubSoft confirmou está na plataforma.

## Operações: palavras de listas e formulários
any = todas
yes = sim
no = não
back = Voltar
reason = Motivo
parked-upstream = esperam a plataforma
parked-key = esperam outra operação
parked-time = esperam a hora
filter-kind = Operação
filter-status = Situação
filter-reason = Espera o quê
filter-integration = Integração
filter-since = Desde
filter-until = Até
filter-text = Texto
filter-port = Porta
filter-service = Serviço
filter-customer = Cliente
filter-apply = Filtrar
filter-clear = Limpar
list-newest = Mais recentes
list-older = Mais antigas
col-when = Quando
col-about = Cliente e porta
col-why = Por quê
col-step = Passo
col-done = O que se fez
col-outcome = Resultado
col-took = Durou
col-calls = Chamadas à plataforma
col-act = Ação
col-person = Quem
col-reason = Motivo
col-field = Campo
col-before = Antes
col-after = Depois
col-changed = Mudança
fact-id-porta-atendimento = porta
fact-id-porta-atendimento-antiga = porta antiga
fact-id-cliente-servico = serviço
fact-id-cliente-servico-antigo = serviço antigo
fact-id-ordem-servico = ordem
fact-id-integracao = integração
fact-id-projeto = projeto
fact-forcar-troca-porta = forçar a troca de porta
fact-forcar-remocao-reserva = forçar a remoção da reserva
fact-latitude = latitude
fact-longitude = longitude
fact-endereco = endereço
fact-raio = raio (m)
fact-detalhar-portas = detalhar portas
fact-state = estado
fact-why = porquê
fact-phase = fase
fact-external-id = número na plataforma
fact-items = { $count ->
    [one] { $shown } item
   *[other] { $shown } itens
}
outcome-done = feito
outcome-failed = falhou
outcome-unknown = não se sabe
outcome-again = de novo mais tarde
outcome-throttled = a plataforma pediu pausa
outcome-lost = o worker se perdeu
outcome-parked = parou para uma pessoa
act-retry = Tentar de novo
act-skip = Dispensar
act-resolve = Dizer se foi feito
act-approve = Aprovar
act-refuse = Recusar
act-pause = Pausar
act-resume = Continuar
act-cancel = Cancelar
act-hint-retry = Continua agora do passo que falhou, com novas tentativas.
act-hint-skip = Termina sem fazer: ninguém mais precisa disto na plataforma.
act-hint-approve = Deixa fazer o que a operação pergunta.
act-hint-refuse = Proíbe o que a operação pergunta; ela termina sem fazê-lo.
act-hint-pause = Para entre dois passos e guarda o lugar na fila.
act-hint-resume = Continua de onde parou.
act-hint-cancel = Encerra sem terminar. O que já foi feito na plataforma fica como está.

## Operações: a lista e uma delas
workflows-none = Nenhuma operação com este filtro.
workflows-bulk = Agir sobre todas estas
workflow-asked = { $act }: pedido a quem a executa, e feito entre dois passos. Situação agora: { $status }.
workflow-acted = { $act }: feito. Situação agora: { $status }.
workflow-acts = O que se pode fazer
workflow-resolve = Isto foi feito na plataforma?
workflow-resolve-hint = Olhe na plataforma e responda; o enlace continua a partir da resposta.
workflow-was-done = Foi feito
workflow-was-not-done = Não foi feito
workflow-edit = Tentar de novo com outros dados
workflow-input = Pedido
workflow-by = pedido por
workflow-dedup = número de quem pediu
workflow-id = operação
workflow-trace = rastro (trace)
workflow-json = Como JSON
workflow-original = O pedido original do HubSoft
workflow-near = Antes e depois, na mesma porta e no mesmo serviço
workflow-near-hint = As dez operações mais próximas de cada lado.
workflow-alone = Nenhuma outra operação tocou a mesma porta ou o mesmo serviço.
workflow-this = esta operação
workflow-asked-at = pedida em
workflow-started-at = começou em
workflow-ended-at = terminou em
workflow-next-at = continua em
workflow-guard = Ver o que sumiria, no mapa e em lista
workflow-progress = Andamento
workflow-result = O que resultou
workflow-states = Por onde passou
workflow-path = Caminho
workflow-legend = Verde: onde está. Azul: por onde passou. Tracejado: os fins possíveis; uma seta tracejada foi decisão de uma pessoa.
workflow-timeline = Linha do tempo
workflow-timeline-about = Cada tentativa com a sua duração; a tabela abaixo diz o mesmo
workflow-steps = Passos e chamadas
workflow-nothing-yet = Nada foi feito ainda.
workflow-left-out = { $count ->
    [one] { $shown } tentativa anterior não é mostrada
   *[other] { $shown } tentativas anteriores não são mostradas
}
workflow-did = O que pessoas fizeram
edit-title = Tentar de novo com outros dados
edit-hint = A operação recomeça com estes dados; os antigos ficam no histórico. Antes de enviar, os dois são mostrados lado a lado.
edit-compare = Comparar
edit-same = Nada foi mudado: mude um valor, ou tente de novo com os mesmos dados na página da operação.
edit-hidden = Este dado pessoal está oculto para você: escreva-o inteiro ou peça a quem administra.
edit-number = Escreva um número.
edit-json = Escreva como JSON.
preview-title = O que mudaria
preview-hint = Ao enviar, a operação recomeça com os dados de depois.
preview-changed = mudado
preview-send = Tentar de novo assim

## O registro e ações sobre muitas operações
acts-title = O que pessoas fizeram
acts-workflow = Operação (número)
acts-integration = Integração (número)
acts-csv = Baixar como CSV
acts-none = Ninguém fez nada assim.
col-to = A quê
act-on-many = Em massa: { $act }
act-workflow = operação
act-bulk = parte de uma ação em massa
act-schedule = agendamento { $id }
act-looked = Viu dados pessoais
act-integration-create = Criou integração
act-integration-edit = Editou integração
act-integration-elements = Escolheu elementos
act-integration-project = Escolheu projeto
act-integration-activate = Ativou integração
act-integration-inactivate = Inativou integração
act-upstream-open = Abriu a plataforma
act-upstream-close = Fechou a plataforma
act-upstream-limit = Mudou os limites da plataforma
act-schedule-edit = Mudou agendamento
act-discrepancy-send = Divergência: enviar o nosso
act-discrepancy-take = Divergência: aceitar o deles
act-discrepancy-ignore = Divergência: ignorar
act-token-create = Criou token
act-token-revoke = Revogou token
act-sides = Como estava e como ficou
act-progress = { $seen } de { $total }
act-done = feitas
act-skipped = deixadas como estavam, pois já não fazia sentido
act-failed = não foi possível
act-pace = por segundo, no máximo
act-each = O que foi feito a cada uma
act-nothing-yet = Nada foi feito ainda.
act-steered = { $act }: { $status }.
bulk-running = em andamento
bulk-paused = pausada
bulk-done = concluída
bulk-cancelled = cancelada
acts-new-title = Agir sobre muitas operações
acts-which = Quais
acts-which-none = Escolha antes um filtro na lista de operações.
acts-to-list = Ver a lista
acts-action = O que fazer a cada uma
acts-outcome = Se for dizer se foi feito
was-done = foi feito
was-not-done = não foi feito
acts-pace = Quantas por segundo (1 a 1000)
acts-preview = Ver antes o que aconteceria
acts-preview-title = O que aconteceria agora
acts-preview-says = { $possible } de { $matching } operações podem receber esta ação agora; as outras ficam como estão.
acts-by-status = Por situação
acts-matching = Com este filtro
acts-possible = Podem receber
acts-sample = As primeiras vinte
acts-will = O que aconteceria
acts-left-alone = fica como está
acts-start = Começar
acts-start-hint = Nada foi feito ainda. Ao começar, cada ação entra no registro com o seu nome e o motivo; pode ser pausada a qualquer momento.
acts-begun = { $count ->
    [one] Começou: { $shown } operação.
   *[other] Começou: { $shown } operações.
}

## Agendamentos
schedules-none = Nada começa pelo relógio. Uma integração com projeto ganha o seu agendamento ao ser ativada.
schedule-active = ativo
schedule-inactive = pausado
schedule-pattern = Quando (padrão cron)
schedule-pattern-hint = Minuto, hora, dia do mês, mês e dia da semana (1 é segunda-feira). Por exemplo, 0 4 * * * é todo dia às 4 h.
schedule-zone = Fuso horário
schedule-last = última vez
schedule-never = nunca
schedule-next = próxima vez
schedule-ticks = próximas três
schedule-run = Executar agora
schedule-note = Por que pausar
schedule-say-why = diga por quê / say why
schedule-change = Mudar o horário
schedule-change-note = Nota (opcional)
schedule-try = Ver as próximas vezes
schedule-preview-title = O agendamento com o novo horário
schedule-store = Gravar
schedule-goes-on = Gravado. Próxima vez: { $at }.
schedule-paused = Pausado. O que perder enquanto isso não é feito depois.
schedule-started = Começou; esta página mostra como anda.

## Tokens
tokens-make = Criar token
tokens-name = Para quem
tokens-role = Papel
tokens-made = Token de { $name }. Copie agora: não será mostrado de novo.
tokens-all = Todos os tokens
tokens-made-at = Criado
tokens-used-at = Último uso
tokens-never = nunca
tokens-revoke = Revogar
tokens-revoked = O token de { $name } não abre mais nada.
tokens-revoked-at = revogado em { $at }
role-may-enqueue = inicia operações e vê as que iniciou
role-may-viewer = vê tudo, com dados pessoais ocultos
role-may-operator = vê tudo e age
role-may-admin = tudo: integrações, tokens, dados pessoais

## Sobre
about-build = Esta versão
about-version = versão
about-migrations = migrações do banco
about-migrated = todas aplicadas
about-missing = faltam { $count }: execute enlace migrate
about-not-applied = falta
about-database = Banco de dados
about-server = Postgres
about-up = no ar há
about-size = tamanho (MB)
about-age = idade em transações
about-connections = conexões
about-oldest = transação aberta há mais tempo
about-none = nenhuma
about-workers = Quem executa
about-worker = Worker
about-no-worker = nenhum worker no ar
about-start-one = Nada anda até que um comece: enlace serve
about-since = no ar desde
about-lease = a licença vence
about-holds = Tem em mãos
about-duties = Tarefas de um só processo
duty-acts = ações em massa
duty-people = dados pessoais antigos
duty-history = histórico
about-tables = Tabelas mais escritas
about-tables-hint = Linhas mortas demais tornam tudo mais lento; uma transação aberta por muito tempo impede que sejam limpas.
about-table = Tabela
about-live = Linhas
about-dead = Mortas
about-vacuumed = Limpa

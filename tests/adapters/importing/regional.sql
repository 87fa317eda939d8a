-- The office of a region, as phpMyAdmin exports it: two numbers, a menu of addresses that three
-- other menus lead to, a night menu, English, a directory, voicemail, a switch for the night.
INSERT INTO `incoming` (`cidnum`, `extension`, `destination`, `description`) VALUES
('', '122', 'timeconditions,1,1', 'Служба 122'),
('', '88002000600', 'ivr-20,s,1', 'Линия ЖКХ');

INSERT INTO `timeconditions` (`timeconditions_id`, `displayname`, `time`, `truegoto`, `falsegoto`, `timezone`, `mode`) VALUES
(1, 'Рабочее время 122', 1, 'ivr-10,s,1', 'ivr-15,s,1', 'default', 'time-group');
INSERT INTO `timegroups_groups` (`id`, `description`) VALUES (1, 'Часы 122');
INSERT INTO `timegroups_details` (`id`, `timegroupid`, `time`) VALUES (1, 1, '08:00-19:59|mon-sat|*|*');

INSERT INTO `ivr_details` (`id`, `name`, `description`, `announcement`, `directdial`, `invalid_loops`, `invalid_retry_recording`, `invalid_destination`, `invalid_recording`, `retvm`, `timeout_time`, `timeout_recording`, `timeout_retry_recording`, `timeout_destination`, `timeout_loops`, `timeout_ivr_ret`, `invalid_ivr_ret`) VALUES
(10, 'Главное меню 122', 'Утверждено 12.03', 1, '', '1', 'default', 'ext-queues,7000,1', 'default', '', 5, 'default', 'default', 'ext-queues,7000,1', '1', 0, 0),
(11, 'Запись к врачу', '', 2, '', '2', 'default', 'ext-queues,7000,1', 'default', '', 7, '', '', 'ext-queues,7000,1', '2', 0, 0),
(12, 'Адреса и часы', 'общее для всех линий', 3, '', '1', 'default', 'ext-queues,7000,1', '', '', 10, '', '', 'ext-queues,7000,1', '1', 1, 0),
(15, 'Ночное меню', '', 4, '', '0', '', 'app-blackhole,hangup,1', '', 'on', 8, '', '', 'app-blackhole,hangup,1', '0', 0, 0),
(16, 'English', '', 5, '', '1', 'default', 'ext-queues,7000,1', '', '', 5, '', '', 'ext-queues,7000,1', '1', 0, 0),
(20, 'Линия ЖКХ', '', 6, 'ext-local', '1', 'default', 'ext-queues,7002,1', 'default', '', 5, 'default', 'default', 'ext-queues,7002,1', '1', 0, 0);

INSERT INTO `ivr_entries` (`ivr_id`, `selection`, `dest`, `ivr_ret`) VALUES
(10, '1', 'ivr-11,s,1', 0), (10, '2', 'ivr-12,s,1', 0), (10, '3', 'ext-queues,7001,1', 0), (10, '4', 'app-languages,1,1', 0), (10, '8', 'directory,1,1', 0), (10, '0', 'ext-queues,7000,1', 0),
(11, '1', 'ext-group,650,1', 0), (11, '2', 'ivr-12,s,1', 0), (11, '9', 'ivr-10,s,1', 1), (11, '0', 'ext-queues,7000,1', 0),
(12, '1', 'app-announcement-1,s,1', 0), (12, '2', 'app-announcement-2,s,1', 0), (12, '9', 'app-blackhole,hangup,1', 1), (12, '0', 'ext-queues,7000,1', 0),
(15, '1', 'ext-local,vmu500,1', 0), (15, '2', 'app-announcement-2,s,1', 0),
(16, '1', 'ext-queues,7000,1', 0), (16, '0', 'ext-queues,7000,1', 0), (16, '9', 'ivr-10,s,1', 0),
(20, '1', 'ivr-12,s,1', 0), (20, '2', 'ext-queues,7002,1', 0), (20, '3', 'from-did-direct,201,1', 0), (20, '7', 'app-daynight,1,1', 0), (20, '0', 'ext-queues,7002,1', 0);

INSERT INTO `announcement` (`announcement_id`, `description`, `recording_id`, `allow_skip`, `post_dest`, `return_ivr`) VALUES
(1, 'Адрес департамента', 7, 1, 'app-blackhole,hangup,1', 1),
(2, 'Часы приёма', 8, 1, 'app-blackhole,hangup,1', 0),
(3, 'Аварийная служба', 9, 1, 'ext-queues,7002,1', 0);
INSERT INTO `daynight` (`ext`, `dmode`, `dest`) VALUES
('1', 'day', 'ext-queues,7002,1'), ('1', 'night', 'app-announcement-3,s,1'), ('1', 'password', '');
INSERT INTO `languages` (`language_id`, `description`, `lang_code`, `dest`) VALUES (1, 'English', 'en', 'ivr-16,s,1');
INSERT INTO `queues_config` (`extension`, `descr`, `maxwait`, `ivr_id`, `dest`) VALUES
('7000', 'Операторы 122', '600', '16', 'ext-local,vmu500,1'), ('7001', 'Вакцинация', '', 'none', 'ext-queues,7000,1'), ('7002', 'ЖКХ', '', 'none', '');
INSERT INTO `ringgroups` (`grpnum`, `strategy`, `grplist`, `postdest`, `description`) VALUES
('650', 'ringall', '301-302-303', 'ext-queues,7000,1', 'Регистратура');
INSERT INTO `recordings` (`id`, `displayname`, `filename`) VALUES
(1, 'Меню 122', 'custom/122-privet&custom/122-menu'), (2, 'Меню записи', 'custom/zapis'), (3, 'Меню адресов', 'custom/adresa'), (4, 'Ночь', 'custom/noch'), (5, 'English', 'custom/english'), (6, 'Меню ЖКХ', 'custom/zhkh'), (7, 'Адрес', 'custom/adres'), (8, 'Часы', 'custom/chasy'), (9, 'Авария', 'custom/avaria');

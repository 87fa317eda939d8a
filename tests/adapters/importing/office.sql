-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: asterisk
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;

--
-- Table structure for table `admin`
--

DROP TABLE IF EXISTS `admin`;
CREATE TABLE `admin` (
  `variable` varchar(20) NOT NULL DEFAULT '',
  `value` varchar(80) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `admin` VALUES
('need_reload','false'),
('version','17.0.19.17');

--
-- Table structure for table `announcement`
--

DROP TABLE IF EXISTS `announcement`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE `announcement` (
  `announcement_id` int(11) NOT NULL AUTO_INCREMENT,
  `description` varchar(50) DEFAULT NULL,
  `recording_id` int(11) DEFAULT NULL,
  `allow_skip` int(11) DEFAULT NULL,
  `post_dest` varchar(255) DEFAULT NULL,
  `return_ivr` tinyint(1) NOT NULL DEFAULT 0,
  `noanswer` tinyint(1) NOT NULL DEFAULT 0,
  `repeat_msg` varchar(2) NOT NULL DEFAULT '',
  PRIMARY KEY (`announcement_id`)
) ENGINE=InnoDB AUTO_INCREMENT=6 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `announcement` WRITE;
/*!40000 ALTER TABLE `announcement` DISABLE KEYS */;
INSERT INTO `announcement` VALUES
(1,'Нерабочее время',5,1,'app-blackhole,hangup,1',0,0,''),
(2,'Как оформить пособие',6,0,'app-blackhole,hangup,1',1,0,'9'),
(5,'Старое объявление',6,1,'ext-queues,900,1',0,0,'');
/*!40000 ALTER TABLE `announcement` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `incoming`
--

DROP TABLE IF EXISTS `incoming`;
CREATE TABLE `incoming` (
  `cidnum` varchar(20) DEFAULT NULL,
  `extension` varchar(50) DEFAULT NULL,
  `destination` varchar(50) DEFAULT NULL,
  `privacyman` tinyint(1) DEFAULT NULL,
  `alertinfo` varchar(255) DEFAULT NULL,
  `ringing` varchar(20) DEFAULT NULL,
  `mohclass` varchar(80) NOT NULL DEFAULT 'default',
  `description` varchar(80) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `incoming` VALUES
('','88003000001','timeconditions,1,1',0,'','','default','Горячая линия'),
('','74950000002','timeconditions,1,1',0,'','','default','Городской номер'),
('','_7495000001X','timeconditions,1,1',0,'','','default','Десяток'),
('','74950000003','from-did-direct,201,1',0,'','','default','Приёмная');

--
-- Table structure for table `ivr_details`
--

DROP TABLE IF EXISTS `ivr_details`;
CREATE TABLE `ivr_details` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(50) DEFAULT NULL,
  `description` varchar(150) DEFAULT NULL,
  `announcement` int(11) DEFAULT NULL,
  `directdial` varchar(50) DEFAULT NULL,
  `invalid_loops` varchar(10) DEFAULT NULL,
  `invalid_retry_recording` varchar(25) DEFAULT NULL,
  `invalid_destination` varchar(50) DEFAULT NULL,
  `timeout_enabled` varchar(50) DEFAULT NULL,
  `invalid_recording` varchar(25) DEFAULT NULL,
  `retvm` varchar(8) DEFAULT NULL,
  `timeout_time` int(11) DEFAULT NULL,
  `timeout_recording` varchar(25) DEFAULT NULL,
  `timeout_retry_recording` varchar(25) DEFAULT NULL,
  `timeout_destination` varchar(50) DEFAULT NULL,
  `timeout_loops` varchar(10) DEFAULT NULL,
  `timeout_append_announce` tinyint(1) NOT NULL DEFAULT 1,
  `invalid_append_announce` tinyint(1) NOT NULL DEFAULT 1,
  `timeout_ivr_ret` tinyint(1) NOT NULL DEFAULT 0,
  `invalid_ivr_ret` tinyint(1) NOT NULL DEFAULT 0,
  `alertinfo` varchar(150) DEFAULT NULL,
  `rvolume` varchar(2) NOT NULL DEFAULT '',
  `strict_dial_timeout` tinyint(1) NOT NULL DEFAULT 0,
  `accept_pound_key` tinyint(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
LOCK TABLES `ivr_details` WRITE;
INSERT INTO `ivr_details` VALUES
(1,'Главное меню','Приветствие; дальше \'по клавишам\'',1,'ext-local','3','default','ext-queues,600,1',NULL,'default','',5,'default','default','ext-queues,600,1','3',1,1,0,0,'','',1,0),
(2,'Пенсии и выплаты','',2,'','1','4','ext-queues,601,1',NULL,'','on',7,'','','ivr-1,s,1','2',1,0,0,0,'<http://nohost>;info=ring2','',0,0),
(3,'Адреса','',3,'','disabled','','',NULL,'','',10,'','','app-blackhole,hangup,1','0',1,1,0,0,NULL,'',0,0),
(4,'Заготовка «тест»',NULL,NULL,'','2','default','',NULL,'default','',NULL,'default','default','','2',1,1,0,0,NULL,'',0,0);
UNLOCK TABLES;

DROP TABLE IF EXISTS `ivr_entries`;
CREATE TABLE `ivr_entries` (
  `ivr_id` int(11) NOT NULL,
  `selection` varchar(30) DEFAULT NULL,
  `dest` varchar(200) DEFAULT NULL,
  `ivr_ret` tinyint(1) NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
LOCK TABLES `ivr_entries` WRITE;
INSERT INTO `ivr_entries` VALUES (1,'0','ext-queues,600,1',0),(1,'1','ivr-2,s,1',0),(1,'2','app-announcement-2,s,1',0),(1,'3','ivr-3,s,1',0),(1,'4','ext-local,vmu201,1',0),(1,'5','from-did-direct,201,1',0),(1,'6','ext-miscdests,1,1',0),(1,'12','ext-queues,602,1',0),(1,'*','ivr-1,s,1',0);
INSERT INTO `ivr_entries` VALUES (2,'1','ext-queues,601,1',0),(2,'2','ext-group,650,1',0),(2,'9','ext-queues,600,1',1),(2,'1','ext-queues,602,1',0),(3,'_[1-2]','app-announcement-2,s,1',0),(3,'t','ivr-1,s,1',0),(3,'0','callback,1,1',0),(77,'1','ext-queues,600,1',0);
UNLOCK TABLES;

CREATE TABLE `miscdests` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `description` varchar(100) NOT NULL,
  `destdial` varchar(100) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `miscdests` VALUES (1,'Роструд','84990000004');

CREATE TABLE `queues_config` (
  `extension` varchar(20) NOT NULL DEFAULT '',
  `descr` varchar(35) NOT NULL DEFAULT '',
  `maxwait` varchar(8) NOT NULL DEFAULT '',
  `ivr_id` varchar(8) NOT NULL DEFAULT '0',
  `dest` varchar(50) NOT NULL DEFAULT '',
  PRIMARY KEY (`extension`)
) ENGINE=InnoDB;
INSERT INTO `queues_config` VALUES ('600','Справочная','120','none','app-announcement-1,s,1'),('601','Пенсии','','none','ext-queues,600,1'),('900','Старая','','none','');

CREATE TABLE `recordings` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `displayname` varchar(50) DEFAULT NULL,
  `filename` longblob DEFAULT NULL,
  `description` varchar(254) DEFAULT NULL,
  `fcode` tinyint(1) DEFAULT 0,
  `fcode_pass` varchar(20) DEFAULT NULL,
  `fcode_lang` varchar(20) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `recordings` VALUES (1,'Приветствие и меню',_binary 'custom/privet&custom/menu','Диктор: \"Ирина\"',0,'',''),(2,'Меню пенсий','custom/pensii','',0,'',''),(3,'Меню адресов',0x637573746F6D2F616472657361,'',0,'',''),(4,'Не та клавиша','custom/wrong','',0,'',''),(5,'Мы не работаем','custom/closed','',0,'',''),(6,'Про пособие','custom/posobie','C:\\new\\n',0,'','');

CREATE TABLE `ringgroups` (
  `grpnum` varchar(20) NOT NULL,
  `strategy` varchar(50) NOT NULL,
  `grptime` smallint(6) NOT NULL,
  `grppre` varchar(100) DEFAULT NULL,
  `grplist` varchar(255) NOT NULL,
  `postdest` varchar(255) DEFAULT NULL,
  `description` varchar(35) NOT NULL,
  PRIMARY KEY (`grpnum`)
) ENGINE=InnoDB;
INSERT INTO `ringgroups` VALUES ('650','ringall',20,'','201-202-203','ext-queues,600,1','Специалисты по льготам');

CREATE TABLE `callback` (
  `callback_id` int(11) NOT NULL AUTO_INCREMENT,
  `description` varchar(50) DEFAULT NULL,
  `callbacknum` varchar(100) DEFAULT NULL,
  `destination` varchar(50) DEFAULT NULL,
  PRIMARY KEY (`callback_id`)
) ENGINE=InnoDB;
INSERT INTO `callback` VALUES (1,'Перезвоните мне','','ext-queues,600,1');

CREATE TABLE `timeconditions` (
  `timeconditions_id` int(11) NOT NULL AUTO_INCREMENT,
  `displayname` varchar(50) DEFAULT NULL,
  `time` int(11) DEFAULT NULL,
  `truegoto` varchar(50) DEFAULT NULL,
  `falsegoto` varchar(50) DEFAULT NULL,
  `timezone` varchar(255) DEFAULT NULL,
  `mode` varchar(20) DEFAULT 'time-group',
  `calendar_id` varchar(150) DEFAULT NULL,
  PRIMARY KEY (`timeconditions_id`)
) ENGINE=InnoDB;
INSERT INTO `timeconditions` VALUES (1,'Праздники',2,'app-announcement-1,s,1','timeconditions,2,1','default','time-group',NULL),(2,'Рабочее время',1,'ivr-1,s,1','app-announcement-1,s,1','default','time-group',NULL);

CREATE TABLE `timegroups_groups` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `description` varchar(50) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`),
  UNIQUE KEY `display` (`description`)
) ENGINE=InnoDB;
INSERT INTO `timegroups_groups` VALUES (1,'Рабочие часы'),(2,'Новый год');

CREATE TABLE `timegroups_details` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `timegroupid` int(11) NOT NULL DEFAULT 0,
  `time` varchar(100) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `timegroups_details` VALUES (1,1,'09:00-12:59|mon-thu|*|*'),(2,1,'14:00-17:59|mon-thu|*|*'),(3,1,'09:00-17:00|fri|*|*'),(4,2,'*|*|1-8|jan');

CREATE TABLE `cel` (`id` int(11) NOT NULL, `eventtype` varchar(30)) ENGINE=InnoDB;
INSERT INTO `cel` VALUES (1,'CHAN_START'),(2,'INSERT INTO `ivr_details` VALUES (9)');
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-11-20 10:00:00
